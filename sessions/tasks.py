"""What the timetable wakes (portal/celery.py). Each may run twice and in two places at once."""

import time

from celery import shared_task
from django.utils import timezone

from sessions import forgetting, purge, reminders
from sessions.staff import bulk
from sessions.webhooks import calls

A_TURN = 120  # seconds of one task: others wait for the worker too, and what is left is taken up at the next tick


@shared_task
def send_due_reminders() -> None:
    end = time.monotonic() + A_TURN
    while reminders.send_due(timezone.now()) and time.monotonic() < end:
        pass


@shared_task
def forget_dead_ids() -> None:
    forgetting.forget_dead(timezone.now())


@shared_task
def call_webhooks() -> None:
    calls.call_due(timezone.now())


@shared_task
def advance_bulk_jobs() -> None:
    end = time.monotonic() + A_TURN
    while bulk.advance(timezone.now()) and time.monotonic() < end:
        pass
    bulk.forget_sheets(timezone.now())


@shared_task
def purge_old_rows() -> None:
    end = time.monotonic() + A_TURN
    for _ in purge.forget(timezone.now()):
        if time.monotonic() > end:
            break
