"""The letters about an id: issued, expiring, expired, revoked. Each is called inside the transaction that caused it."""

from datetime import datetime, timedelta
from typing import Any

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME
from sessions.hours.moments import Moment
from sessions.models import Context, IdSessione

Kind = OutgoingMail.Kind
NOTICE_USEFUL_FOR = timedelta(hours=12)  # that an id has expired or was revoked is old news after this
UTENZA_NEWS_USEFUL_FOR = COPY_NEWS_USEFUL_FOR = timedelta(days=2)
UTENZA_NEWS = {  # verb of the journal: title, what it means
    "utenza.opened": (
        "Nuova utenza del gestionale",
        "Con questa utenza un gestionale può chiedere ID SESSIONE per la farmacia.",
    ),
    "utenza.password": (
        "Password dell’utenza cambiata",
        "Il gestionale deve usare la nuova password da subito: con la vecchia non entra più.",
    ),
    "utenza.pincode": (
        "Pincode dell’utenza cambiato",
        "Il gestionale deve usare il nuovo pincode da subito: con il vecchio non può chiedere ID SESSIONE.",
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


def issued(
    id_sessione: IdSessione, plain: str, certification: MailCertification, coming: list[Moment], now: datetime
) -> OutgoingMail:
    """Carries the id itself: sealed in the outbox, blanked after delivery, useless once the id has expired."""
    about = {"id_sessione": plain, "coming": coming}
    return _post(id_sessione, Kind.ISSUED, "issued", certification, now, id_sessione.expires_at, about, secret=True)


def expiring(
    rows: list[IdSessione], certification: MailCertification, now: datetime, copy_to: str = ""
) -> OutgoingMail:
    """Before the end: which id, until when, where to renew it. Never the id. More rows: ids of the same mailbox, of this
    pharmacy or of others, in one letter that says which is whose. `copy_to`: the copy, to that address instead.
    """
    rows = sorted(rows, key=lambda row: row.expires_at)
    return _about("reminder", Kind.REMINDER, rows, certification, now, rows[0].expires_at, copy_to)


def expired(
    id_sessione: IdSessione,
    certification: MailCertification,
    now: datetime,
    copy_to: str = "",
    *,
    unwarned: bool = False,
) -> OutgoingMail:
    """After the end: to a pharmacy that asked to be told, or that was to be told before and was not (`unwarned`). `copy_to`:
    the copy, to that address instead.
    """
    give_up_at = max(id_sessione.expires_at, now) + NOTICE_USEFUL_FOR
    return _about("expired", Kind.EXPIRED, [id_sessione], certification, now, give_up_at, copy_to, unwarned=unwarned)


def revoked(
    id_sessione: IdSessione, certification: MailCertification, by: Any, because: str, now: datetime
) -> OutgoingMail:
    """Somebody revoked the id on the portal: who, when, why if staff did, what to do now."""
    give_up_at, about = now + NOTICE_USEFUL_FOR, {"by": by, "because": because}
    return _post(id_sessione, Kind.NOTICE, "id_revoked", certification, now, give_up_at, about)


def all_revoked(
    rows: list[IdSessione], certification: MailCertification, by: Any, because: str, now: datetime
) -> OutgoingMail:
    """Staff revoked every id of the pharmacy: one letter for all."""
    context = {"pharmacy": certification.pharmacy, "rows": rows, "by": by, "because": because}
    envelope = Envelope(Kind.NOTICE, certification.pharmacy.code, now, give_up_at=now + NOTICE_USEFUL_FOR)
    return post(envelope, certification.address, "ids_revoked", context)


def utenza_news(
    verb: str, utenza: Utenza, certification: MailCertification, by: Any, because: str, now: datetime
) -> OutgoingMail:
    """Something happened to an account of the gestionale: what, by whose hand, what to do if it was not you. No secret."""
    title, consequence = UTENZA_NEWS[verb]
    context = {
        "pharmacy": certification.pharmacy, "utenza": utenza, "title": title, "consequence": consequence, "by": by,
        "because": because,
    }  # fmt: skip
    envelope = Envelope(Kind.NOTICE, certification.pharmacy.code, now, give_up_at=now + UTENZA_NEWS_USEFUL_FOR)
    return post(envelope, certification.address, "utenza", context)


def copy_named(certification: MailCertification, address: str, by: Any, now: datetime) -> OutgoingMail:
    """Somebody chose another mailbox for a copy of the reminders: who, which, what to do if it was not you."""
    return _copy("I promemoria vanno in copia a un altro indirizzo", certification, address, now, by=by)


def copy_ended(certification: MailCertification, address: str, why: str, now: datetime) -> OutgoingMail:
    """That mailbox refused a letter for good, so no copy goes there any more."""
    return _copy("La copia dei promemoria non arriva più", certification, address, now, why=why)


def _copy(title: str, certification: MailCertification, address: str, now: datetime, **about: Any) -> OutgoingMail:
    context = {"pharmacy": certification.pharmacy, "title": title, "address": address, **about}
    envelope = Envelope(Kind.NOTICE, certification.pharmacy.code, now, give_up_at=now + COPY_NEWS_USEFUL_FOR)
    return post(envelope, certification.address, "copy", context)


def _about(
    template: str,
    kind: OutgoingMail.Kind,
    rows: list[IdSessione],
    certification: MailCertification,
    now: datetime,
    give_up_at: datetime,
    copy_to: str,
    *,
    unwarned: bool = False,
) -> OutgoingMail:
    """One letter about one id, or the letter of the same name about many."""
    first = rows[0]
    pharmacy = first.pharmacy or first.certification.pharmacy
    about = {
        "is_copy": bool(copy_to), "unwarned": unwarned, "rows": rows, "pharmacies": len({row.pharmacy_id for row in rows}),
    }  # fmt: skip
    context = {**_context(first, pharmacy), **about}
    if len(rows) > 1:
        context["pharmacy"] = None if about["pharmacies"] != 1 else context["pharmacy"]
        template = f"{template}_many"
    envelope = Envelope(kind, pharmacy.code, now, give_up_at)
    return post(envelope, copy_to or certification.address, template, context, headers=_headers(first))


def _context(row: IdSessione, pharmacy: Pharmacy) -> dict[str, Any]:
    return {"pharmacy": pharmacy, "row": row, "overlap": row.context.policy == Context.Policy.OVERLAP}


def _headers(row: IdSessione) -> dict[str, str]:
    """For the programs that read the mailbox: until when the id is good."""
    return {"X-Portale-Scadenza": row.expires_at.astimezone(ROME).isoformat(timespec="seconds")}


def _post(
    id_sessione: IdSessione,
    kind: OutgoingMail.Kind,
    template: str,
    certification: MailCertification,
    now: datetime,
    give_up_at: datetime,
    about: dict[str, Any],
    *,
    secret: bool = False,
) -> OutgoingMail:
    pharmacy: Pharmacy = certification.pharmacy
    envelope = Envelope(kind, pharmacy.code, now, give_up_at, secret=secret)
    context = {**_context(id_sessione, pharmacy), **about}
    return post(envelope, certification.address, template, context, headers=_headers(id_sessione))
