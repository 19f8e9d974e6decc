"""What the outbox says of a mailbox, told to the certifications of its address: dead, not dead after all, reached again."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from pharmacies.models import MailCertification, Pharmacy
from portal.outbox.marking import is_delivered
from portal.outbox.models import OutgoingMail
from portal.secrets.masking import mask_address
from portal.values.mail_address import key


@transaction.atomic
def mailbox_refused(letter: OutgoingMail, why: str, now: datetime) -> None:
    """Marks the addresses in force that are this mailbox. One that was changed or revoked meanwhile is none of them."""
    for certification in _in_force(letter):
        certification.mark_undeliverable(why, letter.created_at, now)


@transaction.atomic
def refusal_taken_back(letter: OutgoingMail, told_at: datetime, now: datetime) -> None:
    """Too many mailboxes looked dead at once: the marks that this letter made at `told_at` go, until an operator decides."""
    for certification in _in_force(letter):
        if certification.undeliverable_at == told_at:
            certification.undeliverable_at = None
            _save(certification, "certification.mark_held", now)


@transaction.atomic
def mailbox_reached(letter: OutgoingMail, now: datetime) -> None:
    """A letter written after the mark was delivered: the address works."""
    for certification in _in_force(letter):
        if certification.undeliverable_at is not None and letter.created_at >= certification.undeliverable_at:
            certification.undeliverable_at, certification.reachable_again_at = None, now
            _save(certification, "certification.reached", now)


def clear_marks(now: datetime) -> int:
    """Clears the marks of the addresses that a letter reached since, as far as a silent relay can tell. Returns how many.

    A marked address gets no letter but the test ones: there is little to read.
    """
    cleared = 0
    for certification in MailCertification.objects.current().exclude(undeliverable_at=None).select_related("pharmacy"):
        letters = OutgoingMail.objects.filter(
            about=certification.pharmacy.code, recipient=certification.address, failed_at=None,
            created_at__gte=certification.undeliverable_at, accepted_at__lte=now - settings.RELAY_SILENT_FOR,
        )  # fmt: skip
        for letter in letters.defer("sealed_source").order_by("pk"):
            if is_delivered(letter, now):
                mailbox_reached(letter, now)
                cleared += 1
                break
    return cleared


def _in_force(letter: OutgoingMail) -> list[MailCertification]:
    """The certifications in force of its mailbox, their pharmacies held, in the order of their keys."""
    current = MailCertification.objects.current().filter(address_key=key(letter.recipient))
    Pharmacy.objects.hold_all(current.values_list("pharmacy", flat=True))
    return list(current.order_by("pharmacy").select_related("pharmacy"))


def _save(certification: MailCertification, verb: str, now: datetime) -> None:
    certification.save(update_fields=["undeliverable_at", "reachable_again_at"])
    certification.note(verb, None, now, address=mask_address(certification.address))
