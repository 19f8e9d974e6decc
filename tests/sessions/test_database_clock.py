"""A machine whose clock differs from the database's: warned, corrected, and barred from irreversible acts when far off."""

import io
import os
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.celery import app
from portal.outbox.models import OutgoingMail
from portal.time import database_clock
from sessions import tasks
from sessions.ids import issuing
from sessions.models import IdSessione, Reminder
from sessions.reminders import sending
from tests.sessions.soap.calls import gestionale

from .conftest import MORNING

HOUR = timedelta(hours=1)


@pytest.fixture
def clock(settings, time_machine):
    """Sets the database's clock by its offset from ours; ours stands still."""
    time_machine.move_to(MORNING, tick=False)

    def name(distance: str) -> None:
        settings.DATABASE_CLOCK = f"tests.clocks.{distance}"

    return name


@pytest.mark.django_db
@pytest.mark.parametrize("far", ["four_hours_ahead", "ten_minutes_ahead", "two_minutes_behind"])
def test_readyz_is_not_ready_on_a_machine_whose_clock_is_astray(far, clock):
    clock(far)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert [wrong for wrong in answer.json()["wrong"] if wrong.startswith("clock: ")]
    assert "the database's clock" in answer.json()["checks"]["clock"]["says"]


@pytest.mark.django_db
def test_readyz_says_that_a_clock_is_seven_seconds_away(clock):
    clock("seven_seconds_ahead")
    assert "clock: 7 s ahead of the database's clock" in Client().get("/readyz").json()["warnings"]
    clock("in_step")
    assert not [said for said in Client().get("/readyz").json()["warnings"] if said.startswith("clock")]


@pytest.mark.django_db
def test_the_measures_tell_how_far_the_clock_is(clock):
    clock("seven_seconds_ahead")
    assert "portal_clock_offset_seconds 7.0" in Client().get("/metrics").content.decode()


def test_a_worker_four_hours_ahead_settles_no_reminder_and_nothing_is_lost(utenza, certified, context, clock):
    issuing.issue(utenza, context, MORNING)
    clock("four_hours_ahead")
    assert sending.send_due(MORNING + 20 * HOUR) == 0
    assert Reminder.objects.get().settled_at is None
    clock("in_step")
    assert sending.send_due(MORNING + 15 * HOUR) == 1
    assert Reminder.objects.get().letter is not None


@pytest.mark.parametrize("task", sorted({entry["task"] for entry in app.conf.beat_schedule.values()}))
def test_no_task_works_on_a_machine_whose_clock_is_astray(task, clock, db, django_assert_num_queries):
    app.loader.import_default_modules()
    clock("four_hours_ahead")
    with django_assert_num_queries(0):
        app.tasks[task]()


def test_a_worker_seven_seconds_ahead_works_by_the_clock_of_the_database(utenza, certified, context, clock):
    issuing.issue(utenza, context, MORNING - 15 * HOUR + timedelta(seconds=5))  # due in five seconds
    clock("seven_seconds_ahead")
    tasks.send_due_reminders()
    assert Reminder.objects.get().settled_at is None
    clock("in_step")
    tasks.send_due_reminders()
    assert Reminder.objects.get().settled_at is None


def test_no_id_is_issued_by_a_machine_whose_clock_is_astray(utenza, certified, context, clock):
    clock("ten_minutes_ahead")
    with pytest.raises(issuing.ClockAstray):
        issuing.issue(utenza, context, MORNING)
    assert not IdSessione.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_the_page_says_that_it_is_not_the_pharmacys_fault(anna_client, utenza, certified, context, settings):
    settings.DATABASE_CLOCK = "tests.clocks.ten_minutes_ahead"
    page = anna_client.get("/servizi/4512/id-sessione/").content.decode()
    assert "L’orologio di un nostro server non è regolato" in page
    assert "Richiedi gli ID di oggi" not in page
    answer = anna_client.post("/servizi/4512/id-sessione/richiedi/", {}, follow=True)
    assert "Riprova tra qualche minuto" in answer.content.decode()
    assert not IdSessione.objects.exists()


def test_the_web_service_answers_9999_and_the_id_in_use_stays(utenza, certified, context, certificate, settings):
    asks = gestionale(utenza)
    settings.DATABASE_CLOCK = "tests.clocks.ten_minutes_ahead"
    assert asks.create().error[:2] == ("F", "9999")
    assert not IdSessione.objects.exists()
    settings.DATABASE_CLOCK = "tests.clocks.in_step"
    assert asks.create().done


def test_a_page_that_needs_no_database_does_not_wait_for_its_clock(settings):
    settings.DATABASE_CLOCK = "tests.clocks.away"
    before = timezone.now()
    assert before <= database_clock.now() <= timezone.now()


@pytest.mark.django_db
def test_the_clock_is_asked_once_in_ten_seconds(settings):
    settings.DATABASE_CLOCK = "portal.time.database_clock.of_the_database"
    statements = []
    with connection.execute_wrapper(lambda execute, *about: statements.append(about) or execute(*about)):
        assert abs(database_clock.offset()) < database_clock.CORRECTED_FROM
        database_clock.offset()
    assert len(statements) == (1 if connection.vendor == "postgresql" else 0)


@pytest.mark.django_db
def test_the_machine_is_compared_not_a_clock_that_python_was_given(settings, time_machine):
    """A simulated day and the tests move Python's clock on purpose."""
    time_machine.move_to(MORNING)
    settings.DATABASE_CLOCK = "portal.time.database_clock.of_the_database"
    assert abs(database_clock.offset()) < database_clock.CORRECTED_FROM


@pytest.mark.parametrize(
    ("machine", "database", "took", "apart"),
    [(100.0, 93.0, 0.5, 6.5), (100.0, 107.0, 0.5, -7.0), (100.0, 99.0, 2.0, 0.0), (100.0, 100.0, 0.0, 0.0)],
)
def test_a_slow_answer_is_no_distance(machine, database, took, apart):
    assert database_clock.apart(machine, database, took) == timedelta(seconds=apart)


@pytest.mark.django_db
@pytest.mark.parametrize("far", ["ten_minutes_ahead", "two_minutes_behind"])
@pytest.mark.parametrize(
    "command",
    [
        "call_webhooks", "confirm_closings reason", "forget_dead_ids", "import_offices FILE", "import_pharmacies FILE", "pec_domains add pec.example",
        "purge", "purge_logins", "receive_bounce", "refresh_register", "renew_staff_app carla", "seal_journal", "send_due_reminders",
        "send_test_mail anna@farmacia.example",
    ],
)  # fmt: skip
def test_a_command_does_nothing_on_a_machine_whose_clock_is_astray(command, far, clock, carla, tmp_path, monkeypatch):
    file = tmp_path / "register.csv"
    file.write_text("", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Subject: a report\r\n\r\n")))
    clock(far)
    with pytest.raises(
        CommandError, match=r"^The clock of this machine is .* the database's clock: nothing was done\.$"
    ) as said:
        call_command(*command.replace("FILE", str(file)).split())
    assert said.value.returncode == os.EX_TEMPFAIL
