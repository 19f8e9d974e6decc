"""A staff session lasts at most eight hours, half an hour without a request, and can be ended from another session."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client

from portal.identity.models import StaffSession, StaffTotp
from tests.identity import door
from tests.identity.staff.staff_door import SECRET, code_at, give_code, give_password

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.guarded_urls")]

MORNING = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
STAFF, OWN, KEEP = "/guarded/staff/", "/operatori/mio-accesso/", "/collegamento/"
MINUTE = timedelta(minutes=1)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def enter(carla, clock):
    """Signs a browser of Carla's in now."""
    StaffTotp.enrol(carla, SECRET)

    def sign_in(agent: str = FIREFOX, address: str = "192.0.2.1") -> Client:
        client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
        give_password(client)
        clock.shift(30)  # a code is accepted once
        assert give_code(client, code_at(datetime.now(UTC))).status_code == 302
        return client

    return sign_in


def is_in(client: Client, **extra) -> bool:
    return client.get(STAFF, **extra).status_code == 200


def test_half_an_hour_without_doing_anything_is_the_end(enter, clock):
    client = enter()
    clock.shift(29 * MINUTE)
    assert is_in(client)
    clock.shift(30 * MINUTE)
    answer = client.get(STAFF, follow=True)
    assert answer.redirect_chain[0][0].startswith("/operatori/accesso/?next=")
    assert "si è chiuso dopo 30 minuti senza attività" in answer.content.decode()
    assert StaffSession.objects.get().closed_at is not None


def test_a_page_that_refreshes_itself_is_no_activity(enter, clock):
    client = enter()
    for _ in range(2):
        clock.shift(14 * MINUTE)
        assert is_in(client, headers={"x-frammento": "1"})
        assert client.get(f"{STAFF}?auto=60").status_code == 200
    clock.shift(2 * MINUTE)
    assert not is_in(client)


def test_eight_hours_are_the_end_whatever_one_does(enter, clock):
    client = enter()
    for _ in range(23):
        clock.shift(20 * MINUTE)
        assert is_in(client)
    clock.shift(20 * MINUTE)
    assert "si è chiuso dopo 8 ore" in client.get(STAFF, follow=True).content.decode()


def test_staying_begins_the_half_hour_again_and_asking_how_long_does_not(enter, clock):
    client = enter()
    clock.shift(28 * MINUTE)
    assert client.get(KEEP, headers={"x-frammento": "1"}).json() == {"seconds": 120}
    assert client.post(KEEP, headers={"accept": "application/json"}).json() == {"seconds": 1800}
    clock.shift(28 * MINUTE)
    assert is_in(client)


def test_without_javascript_staying_goes_back_inside_the_portal(enter):
    client = enter()
    assert client.post(KEEP, {"next": STAFF})["Location"] == STAFF
    assert client.post(KEEP, {"next": "https://example.org/"})["Location"] == "/"


def test_the_pages_of_a_session_carry_the_warning_and_the_others_do_not(enter, client):
    page = enter().get(OWN).content.decode()
    assert "Resta collegato" in page
    assert 'data-login="/operatori/accesso/"' in page
    assert "data-session-end" not in client.get("/accesso/").content.decode()


def test_one_s_own_sessions_are_listed_with_where_and_what(enter):
    here, _ = enter(), enter("curl/8", "192.0.2.2")
    page = here.get(OWN).content.decode()
    assert "Firefox su Windows" in page
    assert "192.0.2.1" in page
    assert "un programma" in page
    assert page.count("questo collegamento") == 1


def test_closing_another_session_puts_it_out_at_once(enter):
    here, there = enter(), enter()
    other = StaffSession.objects.order_by("started_at").last()
    assert is_in(there)
    assert "chi lo usava è fuori" in here.post(f"{OWN}collegamenti/{other.pk}/chiudi/", follow=True).content.decode()
    assert not is_in(there)
    assert is_in(here)


def test_closing_the_session_one_is_in_is_going_out(enter):
    client = enter()
    row = StaffSession.objects.get()
    assert client.post(f"{OWN}collegamenti/{row.pk}/chiudi/")["Location"] == "/operatori/accesso/"
    assert not is_in(client)


def test_the_session_of_somebody_else_is_not_there(enter, operator):
    enter()
    stranger = operator("amministrazione")
    assert stranger.post(f"{OWN}collegamenti/{StaffSession.objects.get().pk}/chiudi/").status_code == 404


def test_the_key_of_a_session_is_not_in_clear(enter):
    enter()
    key = Session.objects.get().session_key
    assert key.encode() not in bytes(StaffSession.objects.get().sealed_key)


def test_going_out_closes_the_session_on_the_list_too(enter):
    client = enter()
    client.post("/uscita/")
    assert StaffSession.objects.get().closed_at is not None


def test_a_person_who_comes_in_at_the_same_browser_closes_the_session_of_the_staff(enter):
    client = enter()
    door.enter(client)
    assert door.signed_in(client)
    assert not is_in(client)
    assert StaffSession.objects.get().closed_at is not None
