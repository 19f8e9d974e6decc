"""What the pharmacy's mailbox receives about its certification: one function and three templates for each letter."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail

if TYPE_CHECKING:
    from pharmacies.models import MailCertification
    from portal.identity.models import User

NEWS_USEFUL_FOR = timedelta(days=2)
TRIAL_USEFUL_FOR = timedelta(hours=12)
Kind = OutgoingMail.Kind


def code(certification: "MailCertification", code: str, expires_at: datetime, now: datetime) -> OutgoingMail:
    """The validation code. Useless once expired: it fails instead of leaving late."""
    pharmacy = certification.pharmacy
    envelope = Envelope(Kind.CODE, pharmacy.code, now, give_up_at=expires_at, secret=True)
    context = {"pharmacy": pharmacy, "code": code, "expires_at": expires_at}
    return post(envelope, certification.address, "code", context)


def certified(certification: "MailCertification", now: datetime) -> None:
    """The receipt of the first certification."""
    post(_news(Kind.CERTIFIED, certification, now), certification.address, "certified", _context(certification))


def changed(old: "MailCertification", new: "MailCertification", now: datetime) -> None:
    """To the address that was and to the one that is: who did not ask for the change must learn it."""
    context = {**_context(new), "old": old, "new": new}
    post(_news(Kind.CHANGED, old, now), old.address, "changed_old", context)
    post(_news(Kind.CHANGED, new, now), new.address, "changed_new", context)


def revoked(certification: "MailCertification", by: "User", because: str, now: datetime) -> None:
    """The address is no longer the pharmacy's: by whose hand, when, and why if staff did it."""
    context = {**_context(certification), "by": by, "because": because}
    post(_news(Kind.REVOKED, certification, now), certification.address, "revoked", context)


def reachable_again(certification: "MailCertification", by: "User", reason: str, now: datetime) -> None:
    """Staff say that the mailbox works again; if it does not, the answer to this letter says so."""
    context = {**_context(certification), "by": by, "because": reason}
    post(_news(Kind.NOTICE, certification, now), certification.address, "reachable_again", context)


def closing(certification: "MailCertification", now: datetime) -> None:
    """The register closes the pharmacy: from when, what stops, and what brings it back if the register is wrong."""
    post(_news(Kind.NOTICE, certification, now), certification.address, "closing", _context(certification))


def trial(certification: "MailCertification", now: datetime) -> None:
    """«Prova di nuovo»: what becomes of it says whether the mailbox works."""
    envelope = Envelope(Kind.TRIAL, certification.pharmacy.code, now, give_up_at=now + TRIAL_USEFUL_FOR)
    post(envelope, certification.address, "trial_letter", _context(certification))


def _news(kind: OutgoingMail.Kind, certification: "MailCertification", now: datetime) -> Envelope:
    return Envelope(kind, certification.pharmacy.code, now, give_up_at=now + NEWS_USEFUL_FOR)


def _context(certification: "MailCertification") -> dict[str, object]:
    return {"pharmacy": certification.pharmacy, "certification": certification}
