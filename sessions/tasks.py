"""What the timetable wakes (portal/celery.py). Each may run twice and in two places at once."""

from celery import shared_task
from django.utils import timezone

from sessions import forgetting, reminders


@shared_task
def send_due_reminders() -> None:
    while reminders.send_due(timezone.now()) == reminders.BATCH:
        pass


@shared_task
def forget_dead_ids() -> None:
    forgetting.forget_dead(timezone.now())
