"""A task gives the worker back in time for the others; the next tick continues its work."""

import itertools
import time
from datetime import timedelta

import time_machine

from sessions.ids import issuing
from sessions.models import Reminder
from sessions.reminders import together
from sessions.reminders.sending import BATCH
from sessions.tasks import A_TURN, send_due_reminders

from .conftest import MORNING


def test_a_long_backlog_of_reminders_does_not_keep_the_worker(
    certified, utenza, context, settings, monkeypatch
) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    at = row.expires_at - timedelta(minutes=5)
    Reminder.objects.bulk_create(
        Reminder(id_sessione=row, pharmacy=row.pharmacy, minutes_before=minutes, due_at=at)
        for minutes in range(200, 250 + BATCH)
    )
    looks = itertools.count(step=A_TURN + 1)
    monkeypatch.setattr(time, "monotonic", lambda: next(looks))  # the time limit passes between two looks at the clock
    with time_machine.travel(at, tick=False):
        send_due_reminders()
    assert 0 < Reminder.objects.filter(settled_at=None).count() < BATCH
    assert together.WAITS_AT_MOST < settings.READY_REMINDER_LATE
