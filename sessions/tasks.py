"""What the timetable wakes (portal/celery.py). Each may run twice and in two places at once."""

from celery import shared_task
from django.utils import timezone

from sessions import forgetting, reminders
from sessions.webhooks import calls


@shared_task
def send_due_reminders() -> None:
    while reminders.send_due(timezone.now()):
        pass


@shared_task
def forget_dead_ids() -> None:
    forgetting.forget_dead(timezone.now())


@shared_task
def call_webhooks() -> None:
    calls.call_due(timezone.now())
