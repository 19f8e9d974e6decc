"""Writes the letters about an id and an utenza, and the copies of reminders, each in the transaction of its cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pharmacies import site_words
from pharmacies.copies import leaving
from pharmacies.models import CopyMailbox, MailCertification, Pharmacy, Utenza
from portal.outbox.letters import Envelope, post, write_anew
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME, date_in_words
from sessions.hours.in_words import Spoken, said_once
from sessions.hours.moments import Moment
from sessions.letters import subjects
from sessions.models import Context, IdSessione

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Kind = OutgoingMail.Kind
NOTICE_USEFUL_FOR = timedelta(hours=12)  # after the expiry or the revocation
UTENZA_NEWS_USEFUL_FOR = timedelta(days=2)
UTENZA_NEWS: "dict[str, tuple[StrOrPromise, StrOrPromise]]" = {  # journal verb: title, consequence
    "utenza.opened": (
        "Nuova utenza del gestionale",
        _("Con questa utenza un gestionale può chiedere ID SESSIONE per la %(noun)s."),
    ),
    "utenza.password": (
        "Password dell’utenza cambiata",
        "Il gestionale deve usare la nuova password da subito: con la vecchia non entra più.",
    ),
    "utenza.pincode": (
        "Pincode dell’utenza cambiato",
        "Il gestionale deve usare il nuovo pincode da subito: con il vecchio non può chiedere ID SESSIONE.",
    ),
    "utenza.opened_by_desk": (
        _("Nuova utenza del gestionale"),
        _(
            "Il titolare o il direttore ritira la password e il pincode nella pagina delle utenze: si vedono una volta sola."
        ),
    ),
    "utenza.reset": (
        _("Password e pincode dell’utenza non valgono più"),
        _(
            "Il gestionale non entra finché il titolare o il direttore non ritira le nuove credenziali, nella pagina delle "
            "utenze, e le scrive nel gestionale."
        ),
    ),
    "utenza.renewal": (
        _("Nuove credenziali per il gestionale"),
        _(
            "Il titolare o il direttore le ritira nella pagina delle utenze quando il gestionale è pronto: da quel momento le "
            "vecchie non valgono più."
        ),
    ),
    "utenza.collected": (
        _("Nuove credenziali del gestionale ritirate"),
        _("Il gestionale deve usare la nuova password e il nuovo pincode da subito: con i vecchi non entra più."),
    ),
    "utenza.handed_away": (
        _("Utenza del gestionale passata a un’altra farmacia"),
        _("I suoi ID SESSIONE sono revocati: con questa utenza non si lavora più per la %(noun)s."),
    ),
    "utenza.handed_over": (
        _("Utenza del gestionale passata a questa %(noun)s"),
        _(
            "Il titolare o il direttore ritira la password e il pincode nella pagina delle utenze: quelli di prima non valgono più."
        ),
    ),
    "utenza.disabled": (
        "Utenza del gestionale disabilitata",
        "I suoi ID SESSIONE sono revocati e non ne può chiedere altri, finché non la riattivi.",
    ),
    "utenza.enabled": (
        "Utenza del gestionale riattivata",
        "Può chiedere di nuovo ID SESSIONE. Quelli di prima non tornano validi.",
    ),
    "utenza.blocked": (
        "Utenza del gestionale bloccata",
        "I suoi ID SESSIONE sono revocati e non ne può chiedere altri. Per sbloccarla chiama l’assistenza.",
    ),
    "utenza.anomaly": (
        "Utenza del gestionale bloccata per sicurezza",
        "I suoi ID SESSIONE sono revocati e non ne può chiedere altri. Cambia la password, poi chiama l’assistenza per "
        "sbloccarla.",
    ),
    "utenza.unblocked": (
        "Utenza del gestionale sbloccata",
        "Può chiedere di nuovo ID SESSIONE. Quelli di prima non tornano validi.",
    ),
}


@dataclass(frozen=True)
class Carried:
    """One id of a letter: its row, the id in clear, the reminders planned for it."""

    row: IdSessione
    plain: str = field(repr=False)
    coming: Sequence[Moment]


def issued(
    id_sessione: IdSessione, plain: str, certification: MailCertification, coming: list[Moment], now: datetime
) -> OutgoingMail:
    """Carries one id: sealed in the outbox, blanked after delivery, given up when the id expires.

    `coming`: the reminders planned for it, for the letter's text.
    """
    return issued_together([Carried(id_sessione, plain, coming)], certification, now)


def issued_together(carried: Sequence[Carried], certification: MailCertification, now: datetime) -> OutgoingMail:
    """As issued(), one letter for several ids of one pharmacy; given up when the last of them expires."""
    envelope, context, headers = _issued(carried, certification.pharmacy, now)
    return post(envelope, certification.address, "issued", context, headers=headers)


def issued_anew(letter: OutgoingMail, carried: Sequence[Carried], now: datetime) -> None:
    """Replaces the text of a letter that has not left by one that carries these ids. The caller has locked the letter."""
    envelope, context, headers = _issued(carried, carried[0].row.certification.pharmacy, now)
    write_anew(letter, envelope, "issued", context, headers=headers)


def _issued(
    carried: Sequence[Carried], pharmacy: Pharmacy, now: datetime
) -> tuple[Envelope, dict[str, Any], dict[str, str]]:
    ids = sorted(carried, key=lambda one: one.row.context_id)
    first_to_end = min((one.row for one in ids), key=lambda row: row.expires_at)
    moments = {moment.at: moment for one in ids for moment in one.coming}
    letters = [
        Spoken(at, note="" if moments[at].minutes_before else gettext("quando sarà scaduto")) for at in sorted(moments)
    ]
    context = {
        **_context(first_to_end, pharmacy),
        "ids": ids,
        "subject": subjects.of_issued([one.row for one in ids], now),
        "one_utenza": ids[0].row.utenza if len({one.row.utenza_id for one in ids}) == 1 else None,
        "in_use": all(one.row.first_used_at is not None for one in ids),
        "coming": said_once(letters, date_in_words),
    }
    last_end = max(one.row.expires_at for one in ids)
    return Envelope(Kind.ISSUED, pharmacy.code, now, last_end, secret=True), context, _headers(first_to_end)


def expiring(
    rows: list[IdSessione], certification: MailCertification, now: datetime, copy_to: CopyMailbox | None = None
) -> OutgoingMail:
    """The reminder before an id expires: which id, until when, where to renew it. Never the id itself.

    Several rows: ids of one mailbox, of this pharmacy or of others, in one letter that names the pharmacy of each. `copy_to`:
    writes the copy, to that mailbox instead, with the way out of it.
    """
    rows = sorted(rows, key=lambda row: row.expires_at)
    subject = subjects.of_expiring(rows, now)
    return _about("reminder", Kind.REMINDER, subject, rows, certification, now, rows[0].expires_at, copy_to)


def expired(
    id_sessione: IdSessione,
    certification: MailCertification,
    now: datetime,
    copy_to: CopyMailbox | None = None,
    *,
    unwarned: bool = False,
) -> OutgoingMail:
    """The notice that an id has expired: the pharmacy chose it, or missed the reminder before the expiry (`unwarned`).

    `copy_to`: writes the copy, to that mailbox instead, with the way out of it.
    """
    give_up_at = max(id_sessione.expires_at, now) + NOTICE_USEFUL_FOR
    subject = subjects.of_expired(id_sessione, now)
    return _about(
        "expired", Kind.EXPIRED, subject, [id_sessione], certification, now, give_up_at, copy_to, unwarned=unwarned
    )


def revoked(
    id_sessione: IdSessione, certification: MailCertification, by: Any, because: str, now: datetime
) -> OutgoingMail:
    """The news that a person revoked the id on the portal: who, when, the reason if staff did it, what to do now."""
    give_up_at = now + NOTICE_USEFUL_FOR
    about = {"by": by, "because": because, "subject": subjects.of_revoked([id_sessione])}
    return _post(id_sessione, Kind.NOTICE, "id_revoked", certification, now, give_up_at, about)


def all_revoked(
    rows: list[IdSessione], certification: MailCertification, by: Any, because: str, now: datetime
) -> OutgoingMail:
    """The news that staff revoked every id of the pharmacy: one letter for all."""
    subject = subjects.of_revoked(rows)
    context = {"pharmacy": certification.pharmacy, "rows": rows, "by": by, "because": because, "subject": subject}
    envelope = Envelope(Kind.NOTICE, certification.pharmacy.code, now, give_up_at=now + NOTICE_USEFUL_FOR)
    return post(envelope, certification.address, "ids_revoked", context)


def utenza_news(
    verb: str, utenza: Utenza, certification: MailCertification, by: Any, because: str, now: datetime
) -> OutgoingMail:
    """The news of an act on an utenza: what happened, who did it, what to do if it was not you. Holds no secret."""
    title, consequence = (site_words.about(words, certification.pharmacy) for words in UTENZA_NEWS[verb])
    context = {
        "pharmacy": certification.pharmacy, "utenza": utenza, "title": title, "consequence": consequence, "by": by,
        "because": because,
    }  # fmt: skip
    envelope = Envelope(Kind.NOTICE, certification.pharmacy.code, now, give_up_at=now + UTENZA_NEWS_USEFUL_FOR)
    return post(envelope, certification.address, "utenza", context)


def _about(
    template: str,
    kind: OutgoingMail.Kind,
    subject: str,
    rows: list[IdSessione],
    certification: MailCertification,
    now: datetime,
    give_up_at: datetime,
    copy_to: CopyMailbox | None,
    *,
    unwarned: bool = False,
) -> OutgoingMail:
    """Writes the letter about one id, or its `_many` variant about several."""
    first = rows[0]
    pharmacy = first.pharmacy or first.certification.pharmacy
    sites = [row.pharmacy for row in rows if row.pharmacy is not None] or [pharmacy]
    about = {
        "subject": subject, "copy_leave_url": leaving.link_of(copy_to) if copy_to else "", "unwarned": unwarned, "rows": rows, "pharmacies": len({row.pharmacy_id for row in rows}),
        "one": site_words.of_one(sites), "many": site_words.of_many(sites),
    }  # fmt: skip
    context = {**_context(first, pharmacy), **about}
    if len(rows) > 1:
        context["pharmacy"] = None if about["pharmacies"] != 1 else context["pharmacy"]
        template = f"{template}_many"
    envelope = Envelope(kind, pharmacy.code, now, give_up_at)
    if copy_to is None:
        return post(envelope, certification.address, template, context, headers=_headers(first))
    return post(
        envelope, copy_to.address, template, context, headers={**_headers(first), **leaving.headers_of(copy_to)}
    )


def _context(row: IdSessione, pharmacy: Pharmacy) -> dict[str, Any]:
    return {"pharmacy": pharmacy, "row": row, "overlap": row.context.policy == Context.Policy.OVERLAP}


def _headers(row: IdSessione) -> dict[str, str]:
    """A header for programs that read the mailbox: when the (first) id expires (ISO 8601, Italian time)."""
    return {"X-Portale-Scadenza": row.expires_at.astimezone(ROME).isoformat(timespec="seconds")}


def _post(
    id_sessione: IdSessione,
    kind: OutgoingMail.Kind,
    template: str,
    certification: MailCertification,
    now: datetime,
    give_up_at: datetime,
    about: dict[str, Any],
) -> OutgoingMail:
    pharmacy: Pharmacy = certification.pharmacy
    envelope = Envelope(kind, pharmacy.code, now, give_up_at)
    context = {**_context(id_sessione, pharmacy), **about}
    return post(envelope, certification.address, template, context, headers=_headers(id_sessione))
