"""A mailbox refused a letter for good: every pharmacy that certified it must prove it again or name another."""

from datetime import datetime

from pharmacies.models import MailCertification
from portal.mail_address import key
from portal.outbox.models import OutgoingMail


def mailbox_refused(letter: OutgoingMail, why: str, now: datetime) -> None:
    """Marks the addresses in force that are this mailbox. One that was changed or revoked meanwhile is none of them."""
    mailbox = MailCertification.objects.current().filter(address_key=key(letter.recipient))
    for certification in mailbox.select_related("pharmacy"):
        certification.mark_undeliverable(why, letter.created_at, now)
