"""A person's session ends after half an hour without a request and after eight hours in any case; then the same page again."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests.conftest import sign_in
from tests.identity import door

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.guarded_urls")]

MORNING = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
PERSON, KEEP = "/guarded/person/", "/collegamento/"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def inside(client, anna) -> Client:
    """Anna's browser, just signed in with SPID."""
    door.enter(client)
    return client


def is_in(client: Client, **extra: object) -> bool:
    return client.get(PERSON, **extra).status_code == 200


def test_half_an_hour_without_doing_anything_is_the_end_and_the_way_back_is_known(inside, clock):
    clock.shift(29 * MINUTE)
    assert is_in(inside)
    clock.shift(30 * MINUTE)
    answer = inside.get(f"{PERSON}?a=1", follow=True)
    assert answer.redirect_chain == [("/accesso/?next=%2Fguarded%2Fperson%2F%3Fa%3D1", 302)]
    assert "si è chiuso dopo 30 minuti senza attività" in answer.content.decode()
    assert door.enter(inside, next_url=f"{PERSON}?a=1")["Location"] == f"{PERSON}?a=1"
    assert is_in(inside)


def test_a_form_sent_too_late_does_nothing_and_leads_back_to_its_page(inside, certified, clock):
    clock.shift(31 * MINUTE)
    page = reverse("pharmacies:overview", args=["4512"])
    sent = inside.post(
        reverse("pharmacies:mail_revoke", args=["4512"]), headers={"referer": f"http://testserver{page}"}
    )
    assert sent["Location"] == f"/accesso/?next={page.replace('/', '%2F')}"
    certified.refresh_from_db()
    assert certified.revoked_at is None


def test_eight_hours_are_the_end_whatever_one_does(inside, certified, clock):
    for _ in range(23):
        clock.shift(20 * MINUTE)
        assert is_in(inside)
        inside.post(
            reverse("pharmacies:mail_revoke", args=["4512"])
        )  # writes to the session: requires a fresh identity
    clock.shift(20 * MINUTE)
    assert "si è chiuso dopo 8 ore" in inside.get(PERSON, follow=True).content.decode()
    assert not door.signed_in(inside)


def test_showing_the_identity_again_begins_the_eight_hours_again(inside, clock):
    for _ in range(16):
        clock.shift(25 * MINUTE)
        assert is_in(inside)
    door.enter(inside)
    for _ in range(4):
        clock.shift(25 * MINUTE)
        assert is_in(inside)


def test_a_session_opened_before_the_hours_were_counted_is_counted_from_its_next_page(anna, clock):
    client = sign_in(Client(), anna)
    session = client.session
    del session["session_started"], session["session_seen"]
    session.save()
    clock.shift(timedelta(hours=7))
    assert is_in(client)
    clock.shift(30 * MINUTE)
    assert not is_in(client)


def test_staying_begins_the_half_hour_again_and_asking_how_long_does_not(inside, clock):
    clock.shift(28 * MINUTE)
    assert inside.get(KEEP, headers={"x-frammento": "1"}).json() == {"seconds": 120}
    assert inside.post(KEEP, headers={"accept": "application/json"}).json() == {"seconds": 1800}
    clock.shift(28 * MINUTE)
    assert is_in(inside)


def test_the_pages_carry_the_warning_and_lead_to_the_door_of_people(inside):
    page = inside.get(reverse("pharmacies:overview", args=["4512"])).content.decode()
    assert "Resta collegato" in page
    assert 'data-login="/accesso/"' in page


def test_who_is_not_in_has_nothing_to_keep(client):
    assert client.get(KEEP)["Location"] == "/accesso/"
    assert client.post(KEEP)["Location"] == "/accesso/"
