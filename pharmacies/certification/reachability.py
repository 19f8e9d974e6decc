"""Applies the outbox's news of a mailbox to the certifications of its address: marks it as undeliverable, clears the mark."""

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
    """Marks the certified addresses in force with this mailbox as undeliverable."""
    for certification in _in_force(letter):
        certification.mark_undeliverable(why, letter.created_at, now)


@transaction.atomic
def refusal_taken_back(letter: OutgoingMail, marked_at: datetime, now: datetime) -> None:
    """Clears the marks that this letter made at `marked_at` (UTC): too many mailboxes looked dead, an operator decides."""
    for certification in _in_force(letter):
        if certification.undeliverable_at == marked_at:
            certification.undeliverable_at = None
            _save(certification, "certification.mark_held", now)


@transaction.atomic
def mailbox_reached(letter: OutgoingMail, now: datetime) -> None:
    """Clears the marks that are older than this delivered letter."""
    for certification in _in_force(letter):
        if certification.undeliverable_at is not None and letter.created_at >= certification.undeliverable_at:
            certification.undeliverable_at, certification.reachable_again_at = None, now
            _save(certification, "certification.reached", now)


def clear_marks(now: datetime) -> int:
    """Clears the marks of addresses that received a later letter. Returns how many.

    A letter counts as delivered when the relay accepted it and sent no refusal for RELAY_SILENT_FOR. The query is small,
    because a marked address receives only test letters.
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
    """Locks the pharmacies, by key, whose certified address is the letter's mailbox, and returns these certifications."""
    current = MailCertification.objects.current().filter(address_key=key(letter.recipient))
    Pharmacy.objects.hold_all(current.values_list("pharmacy", flat=True))
    return list(current.order_by("pharmacy").select_related("pharmacy"))


def _save(certification: MailCertification, verb: str, now: datetime) -> None:
    certification.save(update_fields=["undeliverable_at", "reachable_again_at"])
    certification.note(verb, None, now, address=mask_address(certification.address))
