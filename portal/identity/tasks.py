"""What the timetable wakes."""

from celery import shared_task
from django.utils import timezone

from portal.identity import purge


@shared_task
def purge_logins() -> None:
    purge.purge_logins(timezone.now())
