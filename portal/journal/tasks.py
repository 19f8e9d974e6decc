"""Tasks of the journal, woken by the timetable."""

from functools import partial

from celery import shared_task

from portal.database.contention import tried_again
from portal.journal.models import CHAIN, Entry
from portal.time import database_clock


@shared_task
def seal_journal() -> None:
    tried_again(partial(CHAIN.seal, database_clock.now()))


@shared_task
def purge_journal() -> None:
    tried_again(partial(Entry.objects.forget, database_clock.now()))
