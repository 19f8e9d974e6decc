"""What the timetable wakes."""

from celery import shared_task

from portal import database_clock
from portal.journal.models import CHAIN, Entry


@shared_task
def seal_journal() -> None:
    CHAIN.seal(database_clock.now())


@shared_task
def purge_journal() -> None:
    Entry.objects.forget(database_clock.now())
