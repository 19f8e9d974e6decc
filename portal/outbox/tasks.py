"""Delivery tasks: woken after each commit that wrote a letter, and by the timetable for missed letters and retries."""

from celery import shared_task

from portal.outbox import marking, waking
from portal.outbox.models import OutgoingMail, Priority
from portal.outbox.sending.delivery import deliver_due
from portal.time import database_clock


@shared_task
def deliver_urgent_mail() -> None:
    """Delivers codes and ids only; its own queue never waits behind a thousand reminders. May run concurrently."""
    _deliver(Priority.ID)


@shared_task
def deliver_due_mail() -> None:
    """Delivers all due letters. May run concurrently: each letter is claimed."""
    _deliver(Priority.NOTICE)


@shared_task
def settle_dead_mailboxes() -> None:
    """Marks dead mailboxes that a worker found before it died. May run concurrently."""
    marking.settle(database_clock.now())


def _deliver(most: Priority) -> None:
    waking.answered(urgent=most is Priority.ID)
    accepted = deliver_due(most=most)
    # a round has a limit; when it delivered none, the server is in trouble and the next call of the timetable is soon enough
    if accepted and OutgoingMail.objects.due(database_clock.now(), most).exists():
        waking.call_again(urgent=most is Priority.ID)
