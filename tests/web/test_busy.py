"""A page while the database is busy: retried, or an explanation."""

import pytest
from django.db import connection
from django.test import Client

from tests.web import busy_urls

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.web.busy_urls")]


@pytest.fixture(autouse=True)
def _tries():
    busy_urls.TRIES.clear()


def fails(times: int) -> None:
    busy_urls.FAILS["times"] = times


def test_a_deadlock_is_not_seen_and_nothing_of_the_first_try_stays(client: Client) -> None:
    fails(2)
    answer = client.get("/talvolta/")
    assert (answer.status_code, answer.content) == (200, b"1 1")
    assert len(busy_urls.TRIES) == 3
    assert len(set(busy_urls.TRIES)) == 1  # the same clock


def test_the_third_is_answered_as_busy(client: Client) -> None:
    fails(3)
    answer = client.get("/talvolta/")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert answer["Cache-Control"] == "no-store"
    assert "In questo momento il portale è occupato" in answer.content.decode()
    assert len(busy_urls.TRIES) == 3


def test_a_statement_that_takes_too_long_is_busy_at_once(client: Client) -> None:
    assert client.get("/lenta/").status_code == 503


def test_a_body_that_was_read_as_it_came_is_not_read_twice(client: Client) -> None:
    answer = client.post("/a-pezzi/", b"0123456789", content_type="message/rfc822")
    assert answer.status_code == 503
    assert busy_urls.TRIES == [b"0123456789"]


def test_a_session_that_cannot_be_saved_is_busy_too(monkeypatch) -> None:
    from tests.contention import deadlock

    def save(self, must_create=False):
        raise deadlock()

    fails(0)
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.save", save)
    answer = Client(raise_request_exception=False).get("/talvolta/")
    assert answer.status_code == 503
    assert not connection.needs_rollback
