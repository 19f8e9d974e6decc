"""Woken after every commit that wrote a letter, and by the timetable for what was missed or must be tried again."""

from celery import shared_task
from django.utils import timezone

from portal.outbox.delivery import deliver_due


@shared_task
def deliver_due_mail() -> None:
    """May run twice and at the same time: each letter is claimed."""
    deliver_due(timezone.now())
