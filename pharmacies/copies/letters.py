"""The letters about a copy's mailbox: its code, and the news to the certified address."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from pharmacies.models import CopyMailbox, MailCertification
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail

NEWS_USEFUL_FOR = timedelta(days=2)
Kind = OutgoingMail.Kind


def code(row: CopyMailbox, code: str, expires_at: datetime, now: datetime) -> OutgoingMail:
    """Posts the code to the mailbox; the letter fails when it has not left before the code expires (UTC)."""
    envelope = Envelope(Kind.CODE, row.pharmacy.code, now, give_up_at=expires_at, secret=True)
    context = {"pharmacy": row.pharmacy, "code": code, "expires_at": expires_at, "person": row.person}
    return post(envelope, row.address, "copy_code", context)


def confirmed(row: CopyMailbox, by: Any, now: datetime) -> None:
    """Tells the certified address that copies go to this mailbox from now on: who named it, what to do if it was not you."""
    _news(_("I promemoria vanno in copia a un altro indirizzo"), row, now, by=by)


def refused(row: CopyMailbox, why: str, now: datetime) -> None:
    """Tells the certified address that the mailbox permanently refused a letter, so that it gets no more copies."""
    _news(_("La copia dei promemoria non arriva più"), row, now, why=why, is_refused=True)


def resumed(row: CopyMailbox, now: datetime) -> None:
    """Tells the certified address that copies go there again: the refusal was probably a fault of the mail server."""
    _news(_("La copia dei promemoria riprende"), row, now, is_resumed=True)


def ended(row: CopyMailbox, by: Any, now: datetime) -> None:
    """Tells the certified address that the copies ended. `by`: a person of the pharmacy; None: the owner of the mailbox."""
    _news(_("La copia dei promemoria è finita"), row, now, is_ended=True, ended_by=by)


def _news(title: str, row: CopyMailbox, now: datetime, **about: Any) -> None:
    """Posts the news, if the pharmacy has a certified address that receives mail."""
    in_force = MailCertification.objects.current().filter(pharmacy=row.pharmacy_id, undeliverable_at=None)
    certification = in_force.select_related("pharmacy").first()
    if certification is None:
        return
    envelope = Envelope(Kind.NOTICE, certification.pharmacy.code, now, give_up_at=now + NEWS_USEFUL_FOR)
    context = {"pharmacy": certification.pharmacy, "title": title, "address": row.address, **about}
    post(envelope, certification.address, "copy", context)
