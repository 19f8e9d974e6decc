"""Celery's settings agree with each other and with the comments of portal/celery.py."""

import re

import pytest

from portal.celery import EVERY, app
from portal.demo import processes
from tests.test_house_rules import named, python_files

SWEEP = 60  # seconds: docs/production.md promises this bound on lateness after a lost wake-up


def queue_of(task: str) -> str:
    return app.amqp.router.route({}, task)["queue"].name


def test_a_lost_call_costs_a_minute_at_most():
    assert {name: seconds for name, (task, seconds) in EVERY.items() if "mail" in task and seconds > SWEEP} == {}
    assert EVERY["send due reminders"][1] <= SWEEP


def test_a_timetable_that_restarts_every_quarter_of_an_hour_comes_to_every_task():
    """Periods count from its start: at the first tick nothing has run yet."""
    assert {name: seconds for name, (_, seconds) in EVERY.items() if seconds > 600} == {}


@pytest.mark.parametrize("task", sorted({task for task, _ in EVERY.values()}))
def test_the_timetable_wakes_tasks_that_exist_in_queues_that_are_served(task):
    app.loader.import_default_modules()
    assert task in app.tasks
    assert queue_of(task) in processes.worker()[processes.worker().index("-Q") + 1].split(",")


def test_the_letters_have_queues_of_their_own():
    assert queue_of("portal.outbox.tasks.deliver_urgent_mail") == "urgent"
    assert queue_of("portal.outbox.tasks.deliver_due_mail") == "bulk"
    assert queue_of("sessions.tasks.send_due_reminders") == "timetable"


def test_no_message_is_given_out_again_while_it_is_being_worked_on():
    options = app.conf.broker_transport_options
    assert "visibility_timeout" not in options or app.conf.task_time_limit < options["visibility_timeout"]


def test_no_knock_has_an_instant_at_which_it_expires():
    """A worker whose clock is some seconds ahead would silently drop it."""
    assert [name for name, entry in app.conf.beat_schedule.items() if "expires" in entry.get("options", {})] == []


def test_no_task_is_sent_for_later():
    """A worker would hold it in memory: later work is a row."""
    later = re.compile(r"apply_async\([^)]*\b(eta|countdown)=|\.retry\(\s*(eta|countdown)=")
    ours = [path for path in python_files() if "tests" not in path.parts]
    assert [named(path) for path in ours if later.search(path.read_text(encoding="utf-8"))] == []
