"""Woken after every commit that wrote a letter, and by the timetable for what was missed or must be tried again."""

from celery import shared_task

from portal.outbox import marking, waking
from portal.outbox.models import OutgoingMail, Priority
from portal.outbox.sending.delivery import deliver_due
from portal.time import database_clock


@shared_task
def deliver_urgent_mail() -> None:
    """Codes and ids only, so that a queue of its own is never behind a thousand reminders. May run twice and at the same time."""
    _deliver(Priority.ID)


@shared_task
def deliver_due_mail() -> None:
    """All that is due. May run twice and at the same time: each letter is claimed."""
    _deliver(Priority.NOTICE)


@shared_task
def settle_dead_mailboxes() -> None:
    """What a worker that died had found and not told. May run twice."""
    marking.settle(database_clock.now())


def _deliver(most: Priority) -> None:
    waking.answered(urgent=most is Priority.ID)
    accepted = deliver_due(most=most)
    # the round has a limit; with none accepted the server is in trouble, and the timetable comes back soon enough
    if accepted and OutgoingMail.objects.due(database_clock.now(), most).exists():
        waking.call_again(urgent=most is Priority.ID)
