"""Web sessions at rest: the table opens no session and shows nothing that a session holds."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from portal.secrets.session_store import SessionStore, row_of
from tests.identity import door

pytestmark = pytest.mark.django_db


def opened(key: str) -> Client:
    """A browser that presents this value as its cookie."""
    client = Client()
    client.cookies["sessionid"] = key
    return client


@pytest.fixture
def kept() -> SessionStore:
    store = SessionStore()
    store["secret"] = "a-thing-to-hide"
    store.save()
    return store


def test_what_a_row_holds_opens_no_session_of_a_person(client):
    door.enter(client)
    assert door.signed_in(opened(client.session.session_key))
    for row in Session.objects.all():
        for value in (row.session_key, row.session_data[:40], row.session_data):
            assert not door.signed_in(opened(value))


def test_what_a_row_holds_opens_no_session_of_the_staff(operator):
    client = operator("amministrazione")
    assert opened(client.session.session_key).get("/operatori/mio-accesso/").status_code == 200
    for row in Session.objects.all():
        assert opened(row.session_key).get("/operatori/mio-accesso/").status_code == 302


def test_a_row_shows_nothing_that_its_session_holds(kept):
    row = Session.objects.get()
    assert kept.session_key not in f"{row.session_key} {row.session_data}"
    assert b"a-thing-to-hide" not in row.session_data.encode()
    assert "a-thing-to-hide" not in str(row.get_decoded())
    assert SessionStore(kept.session_key)["secret"] == "a-thing-to-hide"


def test_data_moved_to_another_row_is_an_empty_session(kept):
    other = SessionStore()
    other["secret"] = "of another"
    other.save()
    Session.objects.filter(session_key=row_of(other.session_key)).update(
        session_data=Session.objects.get(session_key=row_of(kept.session_key)).session_data
    )
    assert "secret" not in SessionStore(other.session_key)


@pytest.mark.parametrize("data", ["", "x", "gAAAAA", "è", "eyJhIjoxfQ:1abc:def"])
def test_data_that_no_key_opens_is_an_empty_session(kept, data):
    Session.objects.update(session_data=data)
    assert dict(SessionStore(kept.session_key).items()) == {}


def test_another_sealing_key_or_server_secret_opens_nothing(kept, settings):
    settings.SECRET_KEY = "another-secret-of-the-server-" * 3
    assert not SessionStore(kept.session_key).exists(kept.session_key)
    assert "secret" not in SessionStore(kept.session_key)


def test_a_session_is_deleted_by_the_value_of_its_cookie(kept):
    store = SessionStore(kept.session_key)
    assert store.exists(kept.session_key)
    store.delete()
    assert not Session.objects.exists()


def test_a_session_keeps_its_data_under_a_new_key(kept):
    before = kept.session_key
    kept.cycle_key()
    kept.save()
    assert not kept.exists(before)
    assert SessionStore(kept.session_key)["secret"] == "a-thing-to-hide"
