"""«Prova di nuovo»: a test letter to a certified address that refused mail. A marked address gets no other letter; one that is
delivered clears the mark (reachability.py).
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from pharmacies.certification import letters
from pharmacies.models import MailCertification, Pharmacy
from portal.outbox.models import OutgoingMail
from portal.secrets.masking import mask_address

if TYPE_CHECKING:
    from portal.identity.models import User

PAUSE = timedelta(minutes=5)  # between two
A_DAY = 6


def may_try(certification: MailCertification) -> bool:
    """There is something to find out: the address is in force, and refused mail."""
    return certification.is_current and certification.refuses_mail


def last_trial(certification: MailCertification) -> OutgoingMail | None:
    """The newest test letter since the address was certified or marked, without its text."""
    since = certification.undeliverable_at or certification.certified_at
    return _trials(certification).filter(created_at__gte=since).first()


def next_trial_at(certification: MailCertification, now: datetime) -> datetime | None:
    """When another may be sent (UTC); None when it may now."""
    latest = list(_trials(certification).filter(created_at__gt=now - timedelta(days=1))[:A_DAY])
    if len(latest) == A_DAY:
        return latest[-1].created_at + timedelta(days=1)
    return latest[0].created_at + PAUSE if latest and latest[0].created_at + PAUSE > now else None


@transaction.atomic
def send(certification: MailCertification, by: "User", now: datetime, because: str = "") -> bool:
    """A test letter leaves, and the journal says by whose hand (`because`: why, when it was staff). False when there is nothing
    to try, or it is too soon.
    """
    Pharmacy.objects.hold(certification.pharmacy_id)
    certification.refresh_from_db()
    if not may_try(certification) or next_trial_at(certification, now) is not None:
        return False
    letters.trial(certification, now)
    certification.note("certification.trial", by, now, address=mask_address(certification.address), reason=because)
    return True


def _trials(certification: MailCertification) -> QuerySet[OutgoingMail]:
    theirs = OutgoingMail.objects.filter(about=certification.pharmacy.code, recipient=certification.address)
    return theirs.filter(kind=OutgoingMail.Kind.TRIAL).defer("sealed_source").order_by("-created_at", "-pk")
