"""A command given while the demonstration runs uses the demonstration's broker and mailbox."""

import fcntl
import os

import pytest

from portal.demo import running

GIVEN = {"PORTAL_URL": "http://127.0.0.1:8123", "EMAIL_URL": "smtp://127.0.0.1:4321", "REDIS_URL": "unix:///nowhere"}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    """join() writes to the environment of the process: give it a copy."""
    copy = {name: value for name, value in os.environ.items() if name not in {*GIVEN, "PORTAL_MODE"}}
    monkeypatch.setattr(os, "environ", copy)


def test_what_the_running_processes_were_told_becomes_the_default(tmp_path):
    running.write(tmp_path, {**GIVEN, "SECRET_KEY": "not for a file"})
    assert "not for a file" not in (tmp_path / "running.json").read_text(encoding="utf-8")
    os.environ["REDIS_URL"] = "redis://chosen"
    running.join(["manage.py", "send_due_reminders"], tmp_path)
    assert os.environ["EMAIL_URL"] == GIVEN["EMAIL_URL"]
    assert os.environ["REDIS_URL"] == "redis://chosen"


@pytest.mark.parametrize("command", running.OWN_SETTINGS)
def test_up_does_not_read_what_an_earlier_one_left(tmp_path, command):
    running.write(tmp_path, GIVEN)
    running.join(["manage.py", command], tmp_path)
    assert "EMAIL_URL" not in os.environ


def test_production_never_reads_it(tmp_path):
    running.write(tmp_path, GIVEN)
    os.environ["PORTAL_MODE"] = "production"
    running.join(["manage.py", "send_due_reminders"], tmp_path)
    assert "EMAIL_URL" not in os.environ


def test_nothing_runs_nothing_changes(tmp_path):
    running.write(tmp_path, GIVEN)
    running.forget(tmp_path)
    running.join(["manage.py", "send_due_reminders"], tmp_path)
    assert "EMAIL_URL" not in os.environ


def test_what_a_killed_one_left_behind_is_not_believed(tmp_path):
    running.write(tmp_path, GIVEN)
    (tmp_path / running.LOCK).touch()
    running.join(["manage.py", "send_due_reminders"], tmp_path)
    assert "EMAIL_URL" not in os.environ


def test_the_one_that_lives_holds_its_lock_and_is_believed(tmp_path):
    running.write(tmp_path, GIVEN)
    with (tmp_path / running.LOCK).open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running.join(["manage.py", "send_due_reminders"], tmp_path)
    assert os.environ["EMAIL_URL"] == GIVEN["EMAIL_URL"]
