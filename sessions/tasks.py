"""The tasks that the timetable starts (portal/celery.py). Each is idempotent and may run in parallel with itself."""

import time
from functools import partial

from celery import shared_task

from portal.database.contention import tried_again
from portal.time import database_clock
from sessions import retention
from sessions.ids import before_opening, forgetting
from sessions.preferences import webhook_life
from sessions.reminders import sending
from sessions.staff.desk import bulk
from sessions.webhooks import calls

A_TURN = 120  # seconds that one task may take; the next tick goes on, and other tasks get the worker meanwhile


@shared_task
def send_due_reminders() -> None:
    end = time.monotonic() + A_TURN
    while tried_again(partial(sending.send_due, database_clock.now())) and time.monotonic() < end:
        pass


@shared_task
def prepare_openings() -> None:
    end = time.monotonic() + A_TURN
    while tried_again(partial(before_opening.prepare_due, database_clock.now())) and time.monotonic() < end:
        pass


@shared_task
def forget_dead_ids() -> None:
    tried_again(partial(forgetting.forget_dead, database_clock.now()))


@shared_task
def call_webhooks() -> None:
    tried_again(partial(calls.call_due, database_clock.now()))
    tried_again(partial(webhook_life.put_to_rest, database_clock.now()))


@shared_task
def advance_bulk_jobs() -> None:
    end = time.monotonic() + A_TURN
    while tried_again(partial(bulk.advance, database_clock.now())) and time.monotonic() < end:
        pass


@shared_task
def purge_old_rows() -> None:
    end = time.monotonic() + A_TURN
    for _ in retention.forget(database_clock.now()):
        if time.monotonic() > end:
            break
