"""The copy of the reminders: a titolare names who receives it, the certified address is told, a mailbox that is gone ends it."""

from datetime import datetime

from django.db import transaction

from pharmacies.models import MailCertification, Pharmacy
from portal.identity.models import User
from portal.journal.models import record
from portal.masking import mask_address
from portal.outbox.models import OutgoingMail
from sessions import mails
from sessions.models import ReminderSettings


def named(pharmacy: Pharmacy, address: str, by: User, now: datetime) -> None:
    """From now on a copy goes there. In the transaction of the choice."""
    certification = _told(pharmacy)
    if certification is not None:
        mails.copy_named(certification, address, by, now)


@transaction.atomic
def mailbox_refused(letter: OutgoingMail, why: str, now: datetime) -> None:
    """No further copy goes to a mailbox that refused one for good: who named it may name another."""
    theirs = ReminderSettings.objects.filter(copy_to__iexact=letter.recipient)
    held = theirs.select_for_update(of=("self",), no_key=True).order_by("pk")
    for chosen in held.select_related("pharmacy"):
        address, chosen.copy_to = chosen.copy_to, ""
        chosen.save(update_fields=["copy_to"])
        pharmacy = chosen.pharmacy
        record("copy.ended", now=now, about=pharmacy.code, subject=chosen, address=mask_address(address), why=why)
        certification = _told(pharmacy)
        if certification is not None:
            mails.copy_ended(certification, address, why, now)


def _told(pharmacy: Pharmacy) -> MailCertification | None:
    """The certified address, if it receives mail."""
    current = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None)
    return current.select_related("pharmacy").first()
