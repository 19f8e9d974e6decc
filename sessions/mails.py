"""The letters about an id: issued, expiring, expired, revoked. Each is called inside the transaction that caused it."""

from datetime import datetime, timedelta
from typing import Any

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.clock import ROME
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from sessions.hours.moments import Moment
from sessions.models import Context, IdSessione

Kind = OutgoingMail.Kind
NOTICE_USEFUL_FOR = timedelta(hours=12)  # that an id has expired or was revoked is old news after this
UTENZA_NEWS_USEFUL_FOR = timedelta(days=2)
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


def expiring(id_sessione: IdSessione, certification: MailCertification, now: datetime) -> OutgoingMail:
    """Before the end: which id, until when, where to renew it. Never the id."""
    return _post(id_sessione, Kind.REMINDER, "reminder", certification, now, id_sessione.expires_at, {})


def expired(id_sessione: IdSessione, certification: MailCertification, now: datetime) -> OutgoingMail:
    """After the end, for who asked to be told."""
    give_up_at = id_sessione.expires_at + NOTICE_USEFUL_FOR
    return _post(id_sessione, Kind.EXPIRED, "expired", certification, now, give_up_at, {})


def revoked(id_sessione: IdSessione, certification: MailCertification, by: Any, now: datetime) -> OutgoingMail:
    """Somebody revoked the id on the portal: who, when, what to do now."""
    give_up_at = now + NOTICE_USEFUL_FOR
    return _post(id_sessione, Kind.NOTICE, "id_revoked", certification, now, give_up_at, {"by": by})


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
    overlap = id_sessione.context.policy == Context.Policy.OVERLAP
    context = {"pharmacy": pharmacy, "row": id_sessione, "overlap": overlap, **about}
    # for the programs that read the mailbox: what kind of letter, until when the id is good
    headers = {"X-Portale-Scadenza": id_sessione.expires_at.astimezone(ROME).isoformat(timespec="seconds")}
    envelope = Envelope(kind, pharmacy.code, now, give_up_at, secret=secret)
    return post(envelope, certification.address, template, context, headers=headers)
