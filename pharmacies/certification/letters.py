"""The letters about a certification: one function and three templates for each letter."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail

if TYPE_CHECKING:
    from pharmacies.certification.succession import Succession
    from pharmacies.models import MailCertification, Pharmacy
    from portal.identity.models import User

NEWS_USEFUL_FOR = timedelta(days=2)
IMPORTED_NEWS_USEFUL_FOR = timedelta(days=7)
TRIAL_USEFUL_FOR = timedelta(hours=12)
Kind = OutgoingMail.Kind


def code(certification: "MailCertification", code: str, expires_at: datetime, now: datetime) -> OutgoingMail:
    """Posts the validation code; the letter fails when it has not left before the code expires."""
    pharmacy = certification.pharmacy
    envelope = Envelope(Kind.CODE, pharmacy.code, now, give_up_at=expires_at, secret=True)
    context = {"pharmacy": pharmacy, "code": code, "expires_at": expires_at}
    return post(envelope, certification.address, "code", context)


def certified(certification: "MailCertification", now: datetime) -> None:
    """Posts the confirmation of the first certification."""
    post(_news(Kind.CERTIFIED, certification, now), certification.address, "certified", _context(certification))


def imported(certification: "MailCertification", now: datetime) -> None:
    """Posts the news that the address was taken over from the former system; its delivery also proves the mailbox.

    Thousands are written at once: they have the last priority, and a week until they are useless.
    """
    context = {**_context(certification), "term": settings.IMPORTED_ADDRESS_FOR.days}
    envelope = Envelope(Kind.NOTICE, certification.pharmacy.code, now, give_up_at=now + IMPORTED_NEWS_USEFUL_FOR)
    post(envelope, certification.address, "imported", context)


def changed(old: "MailCertification", new: "MailCertification", now: datetime) -> None:
    """Posts the notice of a change to the old and to the new address, so that an unwanted change is noticed."""
    context = {**_context(new), "old": old, "new": new}
    post(_news(Kind.CHANGED, old, now), old.address, "changed_old", context)
    post(_news(Kind.CHANGED, new, now), new.address, "changed_new", context)


def revoked(certification: "MailCertification", by: "User", because: str, now: datetime) -> None:
    """Posts the notice of a revocation: the person, the time, and the reason when staff did it."""
    context = {**_context(certification), "by": by, "because": because}
    post(_news(Kind.REVOKED, certification, now), certification.address, "revoked", context)


def reachable_again(certification: "MailCertification", by: "User", reason: str, now: datetime) -> None:
    """Posts the notice that staff cleared the mark; its delivery also tests the mailbox."""
    context = {**_context(certification), "by": by, "because": reason}
    post(_news(Kind.NOTICE, certification, now), certification.address, "reachable_again", context)


def to_confirm(succession: "Succession", now: datetime) -> None:
    """Posts the request to confirm, change or revoke the address after a change of people: until when, and what stays valid."""
    certification = succession.certification
    context = {**_context(certification), "succession": succession}
    post(_news(Kind.NOTICE, certification, now), certification.address, "address_to_confirm", context)


def confirmed(certification: "MailCertification", by: "User", now: datetime) -> None:
    """Posts the news that a holder confirmed the address."""
    context = {**_context(certification), "by": by}
    post(_news(Kind.NOTICE, certification, now), certification.address, "address_confirmed", context)


def closing(certification: "MailCertification", now: datetime, moved_to: Sequence["Pharmacy"] = ()) -> None:
    """Posts the notice of a closing by the register: the day, the effects, and the way to correct the register.

    `moved_to`: the parafarmacie that may be the new site of this one; the letter says what they need before they can work.
    """
    context = {**_context(certification), "moved_to": moved_to}
    post(_news(Kind.NOTICE, certification, now), certification.address, "closing", context)


def trial(certification: "MailCertification", now: datetime) -> None:
    """Posts the test letter of «Prova di nuovo»; its delivery shows whether the mailbox works."""
    envelope = Envelope(Kind.TRIAL, certification.pharmacy.code, now, give_up_at=now + TRIAL_USEFUL_FOR)
    post(envelope, certification.address, "trial_letter", _context(certification))


def _news(kind: OutgoingMail.Kind, certification: "MailCertification", now: datetime) -> Envelope:
    return Envelope(kind, certification.pharmacy.code, now, give_up_at=now + NEWS_USEFUL_FOR)


def _context(certification: "MailCertification") -> dict[str, object]:
    return {"pharmacy": certification.pharmacy, "certification": certification}
