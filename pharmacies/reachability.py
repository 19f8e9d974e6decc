"""A mailbox refused a letter for good: every pharmacy that certified it must prove it again or name another."""

from datetime import datetime

from pharmacies.models import MailCertification, Pharmacy
from portal.mail_address import key
from portal.outbox.models import OutgoingMail


def mailbox_refused(letter: OutgoingMail, why: str, now: datetime) -> None:
    """Marks the addresses in force that are this mailbox. One that was changed or revoked meanwhile is none of them."""
    readers = MailCertification.objects.current().filter(address_key=key(letter.recipient))
    Pharmacy.objects.hold_all(readers.values_list("pharmacy", flat=True))
    for certification in readers.select_related("pharmacy").order_by("pk"):
        certification.mark_undeliverable(why, letter.created_at, now)
