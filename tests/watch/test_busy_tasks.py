"""A task while the database is busy: its step is retried, or left to the next tick."""

from datetime import datetime

import pytest
from django.db import IntegrityError

from sessions import tasks
from tests.contention import deadlock

pytestmark = pytest.mark.django_db


@pytest.fixture
def sweeps(monkeypatch) -> tuple[list[datetime], list[Exception]]:
    """The instants of the sweeps, and the errors that the next ones raise."""
    instants: list[datetime] = []
    errors: list[Exception] = []

    def forget_dead(now: datetime) -> int:
        instants.append(now)
        if errors:
            raise errors.pop(0)
        return 0

    monkeypatch.setattr("sessions.ids.forgetting.forget_dead", forget_dead)
    return instants, errors


def test_a_step_is_done_again_with_the_same_clock(sweeps) -> None:
    instants, errors = sweeps
    errors += [deadlock(), deadlock()]
    tasks.forget_dead_ids()
    assert len(instants) == 3
    assert len(set(instants)) == 1


def test_the_third_failure_is_left_to_the_next_tick(sweeps, caplog) -> None:
    instants, errors = sweeps
    errors += [deadlock() for _ in range(3)]
    tasks.forget_dead_ids()
    assert len(instants) == 3
    assert "sessions.tasks.forget_dead_ids found the database busy: the next tick does it." in caplog.text


def test_any_other_error_is_one(sweeps) -> None:
    _, errors = sweeps
    errors.append(IntegrityError("twice"))
    with pytest.raises(IntegrityError):
        tasks.forget_dead_ids()
