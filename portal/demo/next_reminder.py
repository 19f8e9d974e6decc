"""Finds the next reminder that a visitor of the demonstration can wait for."""

from dataclasses import dataclass
from datetime import datetime

from pharmacies.models import MailCertification, Pharmacy
from sessions.models import IdSessione, Reminder
from sessions.reminders.facts import renewed

LOOKED_AT = 20  # reminders examined; the ones that will be skipped are passed over


@dataclass(frozen=True)
class NextReminder:
    """The reminder's due time (UTC), pharmacy and address."""

    due_at: datetime
    pharmacy: Pharmacy
    address: str


def next_reminder(now: datetime) -> NextReminder | None:
    """Returns the next reminder that will be sent; None when there is none among the first LOOKED_AT."""
    rows = Reminder.objects.by_mail().filter(
        settled_at=None, due_at__gt=now, minutes_before__gt=0, id_sessione__in=IdSessione.objects.live(now)
    )
    for reminder in rows.select_related("id_sessione__certification").order_by("due_at", "pk")[:LOOKED_AT]:
        row = reminder.id_sessione
        current = MailCertification.objects.current().filter(pharmacy=row.certification.pharmacy_id)
        address = current.filter(undeliverable_at=None).select_related("pharmacy").first()
        if address is not None and not renewed([row], now):
            return NextReminder(reminder.due_at, address.pharmacy, address.address)
    return None
