"""The three addresses for machines: alive, ready, metrics."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from portal.outbox.models import OutgoingMail
from sessions.ids import issuing
from sessions.models import Context, Reminder
from tests.outbox.sink import free_port

STRANGER = "203.0.113.9"


@pytest.fixture(autouse=True)
def _a_broker_that_needs_no_server(settings, tmp_path):
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_in": str(tmp_path)}


@pytest.fixture(autouse=True)
def _one_instant(time_machine):
    """Lateness is in whole seconds: on a busy machine a second could pass between writing and reading."""
    time_machine.move_to(timezone.now(), tick=False)


@pytest.fixture
def letter(db) -> OutgoingMail:
    """A letter ten minutes late."""
    with transaction.atomic():
        EmailMessage("Prova", "testo", to=["anna@farmaciasanmarco.it"]).send()
    OutgoingMail.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=10))
    return OutgoingMail.objects.get()


def test_healthz_asks_nobody_and_minds_neither_host_nor_https(settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/healthz", headers={"host": "10.1.2.3"})  # no database here: a query would fail
    assert (answer.status_code, answer.json(), answer["Cache-Control"]) == (200, {"ok": True}, "no-store")


@pytest.mark.django_db
def test_readyz_is_content_when_everything_answers_and_nothing_is_late():
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["ok"], answer.json()["wrong"]) == (200, True, [])
    assert set(answer.json()["checks"]) == {"database", "broker", "letters", "reminders"}


def test_readyz_says_that_a_letter_is_late_and_shows_no_address(letter):
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["wrong"] == ["letters: due for 600 s, limit 120 s"]
    assert "sanmarco" not in answer.content.decode()


def test_a_letter_may_be_as_late_as_the_settings_allow(letter, settings):
    settings.READY_LETTER_LATE = timedelta(minutes=11)
    assert Client().get("/readyz").status_code == 200


def test_readyz_says_that_a_reminder_is_late(utenza, certified):
    with transaction.atomic():
        issuing.issue(utenza, Context.objects.usual(), timezone.now())
    OutgoingMail.objects.update(accepted_at=timezone.now())
    Reminder.objects.update(due_at=timezone.now() - timedelta(minutes=10))
    assert Client().get("/readyz").json()["wrong"] == ["reminders: due for 600 s, limit 120 s"]


@pytest.mark.django_db
def test_readyz_says_that_the_broker_is_away_and_not_where_it_should_be(settings):
    port = free_port()
    settings.CELERY_BROKER_URL = f"redis://:hidden-word@127.0.0.1:{port}/0"
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["wrong"] == ["broker: does not answer (ConnectionError)"]
    assert str(port) not in answer.content.decode()


@pytest.mark.django_db
def test_readyz_says_that_the_database_is_away():
    def away(*args):
        raise OperationalError("connection to server at 10.0.0.5 failed: password hidden-word")

    with connection.execute_wrapper(away):
        answer = Client().get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["wrong"] == ["database: does not answer (OperationalError)"]
        measured = Client().get("/metrics")
        assert (measured.status_code, "portal_database_up 0.0" in measured.content.decode()) == (200, True)


@pytest.mark.django_db
def test_the_measures_are_for_the_networks_named_or_for_who_holds_the_token(settings):
    settings.METRICS_TOKEN = "a long token"
    asks = Client(REMOTE_ADDR=STRANGER)
    assert asks.get("/metrics").status_code == 404
    assert asks.get("/metrics", headers={"authorization": "Bearer another"}).status_code == 404
    assert asks.get("/metrics", headers={"authorization": "Bearer a long token"}).status_code == 200
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 200
    settings.METRICS_TOKEN = ""
    assert asks.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


def measured() -> dict[str, float]:
    lines = Client().get("/metrics").content.decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_the_measures_tell_what_waits_and_for_how_long(letter):
    found = measured()
    assert found['portal_outbox_waiting{kind="notice"}'] == 1
    assert found['portal_outbox_waiting{kind="code"}'] == 0
    assert 600 <= found["portal_outbox_due_seconds"] < 660


def test_the_measures_count_ids_and_what_the_gate_decided(utenza, certified, django_capture_on_commit_callbacks):
    before = measured()
    with django_capture_on_commit_callbacks(execute=True):
        issuing.issue(utenza, Context.objects.usual(), timezone.now())
    Client().get("/a2f/gate")
    after = measured()
    series = 'portal_ids_issued_total{asked="gestionale"}'
    missing = 'portal_gate_seconds_count{decision="missing"}'
    assert after[series] == before.get(series, 0) + 1
    assert after[missing] == before[missing] + 1
    assert after["portal_ids_unexpired"] == before["portal_ids_unexpired"] + 1


def test_the_measures_ask_the_database_a_fixed_number_of_questions(letter, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        Client().get("/metrics")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_nothing_is_done_by_asking(path):
    assert Client().post(path).status_code == 405
