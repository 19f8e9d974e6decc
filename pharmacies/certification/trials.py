"""«Prova di nuovo»: sends a test letter to a certified address that refused mail.

A marked address receives no other letter. A delivered test letter clears the mark (reachability.py).
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

PAUSE = timedelta(minutes=5)  # between two test letters
A_DAY = 6  # test letters in 24 hours


def may_try(certification: MailCertification) -> bool:
    """True when the address is in force and refused mail."""
    return certification.is_current and certification.refuses_mail


def last_trial(certification: MailCertification) -> OutgoingMail | None:
    """Returns the newest test letter since the mark, or since the certification; its text is not loaded."""
    since = certification.undeliverable_at or certification.certified_at
    return _trials(certification).filter(created_at__gte=since).first()


def next_trial_at(certification: MailCertification, now: datetime) -> datetime | None:
    """Returns when the next test letter may be sent (UTC); None: now."""
    latest = list(_trials(certification).filter(created_at__gt=now - timedelta(days=1))[:A_DAY])
    if len(latest) == A_DAY:
        return latest[-1].created_at + timedelta(days=1)
    return latest[0].created_at + PAUSE if latest and latest[0].created_at + PAUSE > now else None


@transaction.atomic
def send(certification: MailCertification, by: "User", now: datetime, because: str = "") -> bool:
    """Sends a test letter and writes a journal entry; `because`: the reason that staff gave.

    Returns False when there is nothing to test, or when it is too soon.
    """
    Pharmacy.objects.hold(certification.pharmacy_id)
    certification.refresh_from_db()
    if not may_try(certification) or next_trial_at(certification, now) is not None:
        return False
    letters.trial(certification, now)
    certification.note("certification.trial", by, now, address=mask_address(certification.address), reason=because)
    return True


def _trials(certification: MailCertification) -> QuerySet[OutgoingMail]:
    letters = OutgoingMail.objects.filter(about=certification.pharmacy.code, recipient=certification.address)
    return letters.filter(kind=OutgoingMail.Kind.TRIAL).defer("sealed_source").order_by("-created_at", "-pk")
