"""Retention of the login tables: rows that go, rows that stay."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command

from portal.identity.models import LoginRecord, LoginTransaction, PasswordFailure
from portal.identity.tasks import purge_logins
from portal.secrets.session_store import row_of
from tests.identity import door
from tests.identity.staff.staff_door import give_password

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def purge(at: datetime) -> str:
    said = StringIO()
    with time_machine.travel(at, tick=False):
        call_command("purge_logins", stdout=said)
    return said.getvalue()


def at_noon(act, *args, **kwargs):
    with time_machine.travel(NOON, tick=False):
        return act(*args, **kwargs)


def test_an_abandoned_login_is_forgotten_a_day_after_its_end(client):
    at_noon(door.go_to_provider, client)
    purge(NOON + timedelta(days=1))
    assert LoginTransaction.objects.exists()
    assert "logins: 1" in purge(NOON + timedelta(days=1, minutes=10))
    assert not LoginTransaction.objects.exists()


def test_an_answered_login_is_kept_with_its_record_for_24_months(client):
    at_noon(door.enter, client)
    purge(NOON + timedelta(days=730))
    assert LoginTransaction.objects.count() == LoginRecord.objects.count() == 1
    purge(NOON + timedelta(days=731))
    assert not LoginRecord.objects.exists()
    assert not LoginTransaction.objects.exists()


def test_wrong_passwords_are_forgotten_when_they_lock_nobody_any_more(client):
    at_noon(give_password, client, "sbagliata")
    purge(NOON + timedelta(minutes=14))
    assert PasswordFailure.objects.exists()
    purge(NOON + timedelta(minutes=15))
    assert not PasswordFailure.objects.exists()


def test_a_login_under_way_survives_the_purge(client):
    fields = at_noon(door.begin, client)
    purge(NOON + timedelta(minutes=1))
    with time_machine.travel(NOON + timedelta(minutes=2), tick=False):
        assert client.post(door.answer_url(), fields).status_code == 302


def test_purging_twice_does_nothing_more(client):
    at_noon(door.go_to_provider, client)
    purge(NOON + timedelta(days=2))
    assert {line.rpartition(": ")[2] for line in purge(NOON + timedelta(days=2)).strip().split(", ")} == {"0"}


def test_the_timetable_purges_too(client):
    at_noon(door.go_to_provider, client)
    with time_machine.travel(NOON + timedelta(days=2), tick=False):
        purge_logins()
    assert not LoginTransaction.objects.exists()


def test_expired_sessions_of_the_portal_are_forgotten(db, client):
    session = client.session
    session["anything"] = 1
    session.save()
    past = session.__class__()
    past["anything"] = 1
    past.set_expiry(-60)
    past.save()
    purge_logins()
    assert list(Session.objects.values_list("session_key", flat=True)) == [row_of(session.session_key)]
