"""Woken by the timetable (portal/celery.py)."""

from celery import shared_task

from pharmacies.certification.reachability import clear_marks as clear
from portal.time import database_clock


@shared_task
def clear_marks() -> None:
    """Addresses that a letter reached since they were marked. May run twice and at the same time."""
    clear(database_clock.now())
