"""What the timetable wakes."""

from celery import shared_task
from django.utils import timezone

from portal.journal.models import CHAIN, Entry


@shared_task
def seal_journal() -> None:
    CHAIN.seal(timezone.now())


@shared_task
def purge_journal() -> None:
    Entry.objects.forget(timezone.now())
