"""An operator changes the password with the old password and an app code; an unattended browser cannot."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from portal.identity.models import StaffSession, StaffTotp
from portal.journal.models import Entry
from tests.identity.staff.staff_door import PASSWORD, SECRET, code_at, give_code, give_password

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
PAGE, OWN = "/operatori/mio-accesso/password/", "/operatori/mio-accesso/"
NEW = "un’altra ancora più lunga"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def enter(carla, clock):
    """Signs a browser of Carla's in now."""
    StaffTotp.enrol(carla, SECRET)

    def sign_in() -> Client:
        client = Client()
        give_password(client)
        clock.shift(30)  # a code is accepted once
        assert give_code(client, code_at(datetime.now(UTC))).status_code == 302
        clock.shift(30)
        return client

    return sign_in


def change(client: Client, password: str = PASSWORD, new: str = NEW, code: str | None = None) -> str:
    fields = {"password": password, "new_password": new, "code": code or code_at(datetime.now(UTC))}
    return client.post(PAGE, fields, follow=True).content.decode()


def test_the_new_password_opens_and_the_old_one_does_not(enter, carla, clock):
    client = enter()
    assert "Password cambiata" in change(client)
    carla.refresh_from_db()
    assert carla.check_password(NEW)
    assert "non corretti" in give_password(Client()).content.decode()
    assert give_password(Client(), NEW).status_code == 302
    assert Entry.objects.get(verb="staff.password_changed").sentence == "ha cambiato la propria password (carla)"


def test_this_browser_stays_in_and_the_others_are_out(enter):
    here, there = enter(), enter()
    change(here)
    assert here.get(OWN).status_code == 200
    assert there.get(OWN)["Location"].startswith("/operatori/accesso/")
    assert StaffSession.objects.filter(closed_at=None).count() == 1


def test_the_session_that_stays_can_still_be_closed_from_elsewhere(enter, clock):
    here = enter()
    change(here)
    clock.shift(30)
    there = Client()
    give_password(there, NEW)
    give_code(there, code_at(datetime.now(UTC)))
    there.post(f"{OWN}collegamenti/{StaffSession.objects.earliest('pk').pk}/chiudi/")
    assert here.get(OWN)["Location"].startswith("/operatori/accesso/")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "sbagliata"}, "Non è la password che usi adesso"),
        ({"code": "000000"}, "Il codice non è corretto"),
        ({"new": "corta"}, "12 caratteri"),
        ({"new": "123456789012345"}, "password"),
        ({"new": PASSWORD}, "È la password di adesso"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_changes(enter, carla, fields, said):
    html = change(enter(), **fields)
    assert "<title>Errore: " in html
    assert said in html
    assert NEW not in html
    carla.refresh_from_db()
    assert carla.check_password(PASSWORD)
    assert not Entry.objects.filter(verb="staff.password_changed").exists()


def test_guessing_the_password_here_locks_as_at_the_door(enter, carla):
    client = enter()
    for _ in range(5):
        change(client, password="sbagliata")
    assert "Troppi tentativi. Riprova dalle" in change(client)
    carla.refresh_from_db()
    assert carla.check_password(PASSWORD)


def test_a_wrong_code_makes_the_next_one_wait(enter, clock):
    client = enter()
    change(client, code="000000")
    assert "non è stato controllato" in change(client)
    clock.shift(timedelta(minutes=1))
    assert "Password cambiata" in change(client)
