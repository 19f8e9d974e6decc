"""What the timetable wakes (portal/celery.py). Each may run twice and in two places at once."""

import time

from celery import shared_task

from portal import database_clock
from sessions import forgetting, purge, reminders
from sessions.staff import bulk
from sessions.webhooks import calls

A_TURN = 120  # seconds of one task: others wait for the worker too, and what is left is taken up at the next tick


@shared_task
def send_due_reminders() -> None:
    end = time.monotonic() + A_TURN
    while reminders.send_due(database_clock.now()) and time.monotonic() < end:
        pass


@shared_task
def forget_dead_ids() -> None:
    forgetting.forget_dead(database_clock.now())


@shared_task
def call_webhooks() -> None:
    calls.call_due(database_clock.now())


@shared_task
def advance_bulk_jobs() -> None:
    end = time.monotonic() + A_TURN
    while bulk.advance(database_clock.now()) and time.monotonic() < end:
        pass
    bulk.forget_sheets(database_clock.now())


@shared_task
def purge_old_rows() -> None:
    end = time.monotonic() + A_TURN
    for _ in purge.forget(database_clock.now()):
        if time.monotonic() > end:
            break
