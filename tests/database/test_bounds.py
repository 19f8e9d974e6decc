"""Limits on statements and on waits for rows, by kind of process."""

from collections.abc import Iterator
from time import monotonic

import psycopg
import pytest
from celery.signals import beat_init, worker_init
from django.db import connection, connections
from django.test import Client

from portal.database import bounds
from portal.env import Environment
from sessions.models import IdSessione
from tests.sessions.ids.test_manage_page import ASK, PAGE, hidden
from tests.sessions.soap.calls import gestionale
from tests.sessions.soap.conftest import certificate

__all__ = ["certificate"]
ON_POSTGRESQL = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite waits for the whole database: 20 s"
)
pytestmark = [ON_POSTGRESQL, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _own_connection() -> Iterator[None]:
    """Discards a test's settings for new connections afterwards."""
    options = connections.settings["default"]["OPTIONS"]
    before = dict(options)
    options.pop(
        "options", None
    )  # another test of this process may have imported portal.wsgi, which sets the bounds of pages
    connection.close()
    yield
    connection.close()
    options.clear()
    options.update(before)


def shown() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('statement_timeout'), current_setting('lock_timeout')")
        return cursor.fetchone()


@pytest.fixture
def held(san_marco) -> Iterator[None]:
    """Another connection holds the lock on Anna's pharmacy."""
    parameters = connection.get_connection_params()
    allowed = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    with psycopg.connect(**allowed) as other:
        other.execute("select 1 from pharmacies_pharmacy for update")
        yield
        other.rollback()


def test_a_command_has_no_bounds() -> None:
    assert shown() == ("0", "0")


def test_pages_and_tasks_have_those_of_the_settings(settings) -> None:
    bounds.for_pages()
    assert shown() == (f"{settings.PAGE_STATEMENT_TIMEOUT}s", f"{settings.PAGE_LOCK_TIMEOUT}s")


@pytest.mark.parametrize("begins", [worker_init, beat_init])
def test_a_worker_and_a_timetable_have_those_of_tasks(begins, settings) -> None:
    settings.TASK_STATEMENT_TIMEOUT = 90  # PostgreSQL would write a minute as 1min
    begins.send(sender=None)
    assert shown() == ("90s", f"{settings.TASK_LOCK_TIMEOUT}s")


def test_nought_is_no_bound(settings) -> None:
    settings.PAGE_STATEMENT_TIMEOUT, settings.PAGE_LOCK_TIMEOUT = 0, 3
    bounds.for_pages()
    assert shown() == ("0", "3s")


def test_through_a_pooler_of_transactions_nothing_is_sent(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody@db.example/portal")
    monkeypatch.setenv("DATABASE_PREPARE", "0")
    monkeypatch.setitem(connections.settings["default"], "OPTIONS", Environment(tmp_path).database()["OPTIONS"])
    bounds.for_pages()
    assert "options" not in connections.settings["default"]["OPTIONS"]


def test_a_page_that_waits_for_a_row_says_that_it_is_busy(
    anna_client: Client, utenza, certified, held, settings
) -> None:
    settings.PAGE_LOCK_TIMEOUT = 1
    bounds.for_pages()
    connection.close()
    started = monotonic()
    answer = anna_client.post(ASK, hidden(anna_client.get(PAGE).content.decode()))
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert monotonic() - started < 20
    assert not IdSessione.objects.exists()


def test_a_gestionale_that_waits_for_a_row_is_told_9999(utenza, certified, certificate, held, settings) -> None:
    settings.PAGE_LOCK_TIMEOUT = 1
    caller = gestionale(utenza)
    bounds.for_pages()
    connection.close()
    assert caller.create().error[:2] == ("F", "9999")
    assert not IdSessione.objects.exists()
