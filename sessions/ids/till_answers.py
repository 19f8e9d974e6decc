"""The words and the button with which «Errore 9101?» answers. The findings: till_check.py."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pharmacies import site_words
from pharmacies.models import Pharmacy
from portal.journal.models import Entry
from portal.time.clock import moment_in_words, relative_moment
from sessions.ids import issuing
from sessions.ids.choice import IdChoice
from sessions.ids.till_check import TillFinding, Why
from sessions.models import Context, IdSessione

TITLES = {
    Why.NOT_OURS: gettext_lazy("Non è uno dei vostri"),
    Why.MISTYPED: gettext_lazy("C’è un errore di copiatura"),
    Why.VALID: gettext_lazy("Per il portale è valido"),
    Why.OTHER_KIND: gettext_lazy("Serve per un altro tipo di ricetta"),
    Why.OTHER_UTENZA: gettext_lazy("È di un’altra utenza"),
    Why.EXPIRED: gettext_lazy("È scaduto"),
    Why.REPLACED: gettext_lazy("È stato sostituito da uno più nuovo"),
    Why.REVOKED: gettext_lazy("È stato revocato"),
    Why.ADDRESS_ENDED: gettext_lazy("L’indirizzo a cui era arrivato non vale più"),
    Why.UTENZA_STOPPED: gettext_lazy("La sua utenza è ferma"),
    Why.PHARMACY_CLOSED: gettext_lazy("La %(noun)s risulta chiusa"),
}


@dataclass(frozen=True)
class Answer9101:
    """The text of the page. The button is a POST to `action` with `fields`, or a link when there is no `label` for a POST."""

    kind: str  # ok, warn, bad: colour of the box
    title: str
    sentences: list[str]
    label: str = ""
    action: str = ""
    fields: dict[str, int] | None = None  # None: a link


def answer(finding: TillFinding, pharmacy: Pharmacy, now: datetime, context: Context | None = None) -> Answer9101:
    """`context`: the kind of prescription at the till, when the person named it."""
    title = site_words.about(TITLES[finding.why], pharmacy)
    row = finding.row
    if row is None:
        words = _(
            "Tra gli ID SESSIONE della %(noun)s questo codice non c’è, nemmeno con un carattere sbagliato. Copia di nuovo il "
            "codice dal messaggio o da «Mostra», tutto intero: 36 caratteri con i trattini."
        )
        page = reverse("sessions:manage", args=[pharmacy.code])
        return Answer9101("warn", title, [site_words.about(words, pharmacy)], _("Vai ai tuoi ID SESSIONE"), page)
    says = {
        Why.MISTYPED: _mistyped, Why.VALID: _valid, Why.OTHER_KIND: _other, Why.OTHER_UTENZA: _other,
        Why.EXPIRED: _expired, Why.REPLACED: _replaced, Why.REVOKED: _revoked, Why.ADDRESS_ENDED: _address_ended,
        Why.UTENZA_STOPPED: _stopped, Why.PHARMACY_CLOSED: _closed,
    }[finding.why]  # fmt: skip
    kind = {Why.VALID: "ok", Why.MISTYPED: "warn", Why.OTHER_KIND: "warn", Why.OTHER_UTENZA: "warn"}.get(
        finding.why, "bad"
    )
    return Answer9101(kind, title, says(row, now), *_button(finding, pharmacy, now, context))


def _button(
    finding: TillFinding, pharmacy: Pharmacy, now: datetime, context: Context | None
) -> tuple[str, str, dict[str, int] | None]:
    """The button that mends it: shows the id to use, or asks for one."""
    row, code = finding.row, pharmacy.code
    assert row is not None  # noqa: S101  the caller has looked
    if finding.why is Why.UTENZA_STOPPED:
        return _("Vai a «Utenze del gestionale»"), reverse("utenze:all", args=[code]), None
    if finding.why is Why.PHARMACY_CLOSED:
        return _("Chiedi all’assistenza"), reverse("pages:information", args=["assistenza"]), None
    wanted = context if finding.why is Why.OTHER_KIND and context is not None else row.context
    live = IdSessione.objects.of(row.utenza, wanted).live(now).filter(pharmacy=pharmacy, sealed__isnull=False)
    newest = row if finding.why in (Why.MISTYPED, Why.VALID) else live.order_by("-requested_at", "-pk").first()
    if newest is not None:
        words = _("Mostra l’ID …%(last4)s") % {"last4": newest.last4}
        return words, reverse("sessions:show", args=[code, newest.pk]), {}
    refusal = issuing.obstacle(row.utenza, now, wanted)
    if refusal in ("NoCertifiedAddress", "AddressUnreachable"):
        return _("Vai a «Gestione mail certificata»"), reverse("pharmacies:mail", args=[code]), None
    if refusal:
        return _("Vai ai tuoi ID SESSIONE"), reverse("sessions:manage", args=[code]), None
    return (
        _("Richiedi un nuovo ID SESSIONE"),
        reverse("sessions:request", args=[code]),
        IdChoice(row.utenza, wanted).fields,
    )


def _serves(row: IdSessione) -> str:
    return _("Serve per: %(kind)s, utenza %(utenza)s.") % {"kind": row.context.name, "utenza": row.utenza.user_id}


def _mistyped(row: IdSessione, now: datetime) -> list[str]:
    return [
        _("È l’ID che finisce con …%(last4)s, valido fino a %(end)s, con un carattere sbagliato, mancante o di troppo.")
        % {"last4": row.last4, "end": moment_in_words(row.expires_at, now)},
        _("Alla cassa non scriverlo a mano: aprilo qui, premi «Copia» e incollalo."),
    ]


def _valid(row: IdSessione, now: datetime) -> list[str]:
    return [
        _("Vale fino a %(end)s. %(serves)s") % {"end": moment_in_words(row.expires_at, now), "serves": _serves(row)},
        _(
            "Se la cassa lo rifiuta, controlla tre cose: che la ricetta sia di questo tipo; che la cassa lavori con questa "
            "utenza; che il programma abbia preso il codice nuovo (chiudilo e riaprilo, o incolla di nuovo)."
        ),
        _("Se tutto torna, chiama chi ti fornisce il gestionale e di’ che per il portale l’ID è valido."),
    ]


def _other(row: IdSessione, now: datetime) -> list[str]:
    return [
        _("Vale fino a %(end)s, ma la cassa sta facendo altro. %(serves)s")
        % {"end": moment_in_words(row.expires_at, now), "serves": _serves(row)},
        _("A ogni tipo di ricetta e a ogni utenza serve il suo ID SESSIONE."),
    ]


def _expired(row: IdSessione, now: datetime) -> list[str]:
    return [_("Valeva fino a %(end)s. %(serves)s") % {"end": _past(row.expires_at, now), "serves": _serves(row)}]


def _replaced(row: IdSessione, now: datetime) -> list[str]:
    newer = row.replaced_by
    words = _("%(at)s ha preso il suo posto quello che finisce con …%(last4)s: dev’essere su tutte le casse.")
    at = row.revoked_at or now
    return [words % {"at": _past(at, now).capitalize(), "last4": newer.last4 if newer else ""}, _serves(row)]


def _revoked(row: IdSessione, now: datetime) -> list[str]:
    line = Entry.objects.filter(verb="id.revoked", subject=f"{row._meta.label_lower}:{row.pk}").order_by("-at").first()
    at = _past(row.revoked_at or now, now).capitalize()
    if line is None or line.actor_id is None:
        return [_("%(at)s ha smesso di valere, per sempre. %(serves)s") % {"at": at, "serves": _serves(row)}]
    words = _("%(at)s lo ha revocato %(name)s: non può più valere. %(serves)s")
    return [words % {"at": at, "name": line.who, "serves": _serves(row)}]


def _address_ended(row: IdSessione, now: datetime) -> list[str]:
    at = _past(row.certification.revoked_at or now, now)
    return [_("%(at)s l’indirizzo certificato è stato revocato, e con lui i suoi ID.") % {"at": at.capitalize()}]


def _stopped(row: IdSessione, now: datetime) -> list[str]:
    words = (
        _("L’utenza %(utenza)s è bloccata: può sbloccarla l’assistenza.")
        if row.utenza.blocked_at
        else _("L’utenza %(utenza)s è disabilitata: può riattivarla il titolare o il direttore.")
    )
    return [words % {"utenza": row.utenza.user_id}]


def _closed(row: IdSessione, now: datetime) -> list[str]:
    return [_("Finché il registro nazionale la dà per chiusa, nessun ID SESSIONE vale.")]


def _past(at: datetime, now: datetime) -> str:
    """`oggi alle 08:20`, `ieri alle 08:20`, `23/11 alle 08:20`."""
    day, hour = relative_moment(at, now).split(" ")
    return _("%(day)s alle %(hour)s") % {"day": day, "hour": hour}
