"""The timetable's messages to the workers: each stays valid until it is read, and none pile up while no worker reads."""

import pytest
from celery import Celery
from kombu.transport.memory import Transport

from portal.celery import app as portal_app
from portal.timetable import UNHEARD_AT_LEAST, Timetable


@pytest.fixture
def timetable() -> Timetable:
    """With a broker in memory; its tasks are known by name only."""
    app = Celery("timetable", broker="memory://", set_as_current=False)
    app.conf.update(task_default_queue="timetable", task_routes={"often": "letters"})
    app.conf.beat_schedule = {
        "often": {"task": "often", "schedule": 5.0},
        "also often": {"task": "also often", "schedule": 15.0},
        "seldom": {"task": "seldom", "schedule": 600.0},
    }
    Transport.Channel.queues.clear()
    yield Timetable(app=app, lazy=False)
    Transport.Channel.queues.clear()
    app.close()


def unheard(queue: str) -> list[str]:
    """The tasks of the messages waiting in this queue."""
    return [message["headers"]["task"] for message in list(Transport.Channel.queues[queue].queue)]


def test_a_knock_can_be_heard_by_a_worker_whose_clock_is_ahead(timetable):
    timetable.apply_entry(timetable.schedule["often"])
    message = Transport.Channel.queues["letters"].queue[0]
    assert (message["headers"]["task"], message["headers"]["expires"]) == ("often", None)


def test_no_entry_of_the_portal_expires():
    """A worker whose clock is ahead would drop every message with an instant of expiry."""
    entries = portal_app.conf.beat_schedule.values()
    assert entries
    assert [entry for entry in entries if "expires" in entry.get("options", {})] == []


def test_knocks_that_nobody_hears_do_not_pile_up(timetable, caplog):
    for _ in range(500):
        timetable.apply_entry(timetable.schedule["often"])
    assert len(unheard("letters")) == UNHEARD_AT_LEAST
    assert caplog.text.count("no worker takes them") == 1


def test_what_comes_often_leaves_room_for_what_comes_seldom(timetable):
    for _ in range(500):
        timetable.apply_entry(timetable.schedule["also often"])
    timetable.apply_entry(timetable.schedule["seldom"])
    assert unheard("timetable").count("also often") < 500
    assert unheard("timetable").count("seldom") == 1


def test_a_queue_that_is_heard_again_is_knocked_at_again(timetable):
    for _ in range(100):
        timetable.apply_entry(timetable.schedule["often"])
    Transport.Channel.queues["letters"].queue.clear()
    timetable.apply_entry(timetable.schedule["often"])
    assert len(unheard("letters")) == 1
