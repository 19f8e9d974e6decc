"""`manage.py create_staff` and `renew_staff_app`: ask for the password, show the app's secret once."""

import base64
import getpass
import re
import warnings
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from portal.identity.models import StaffSession, StaffTotp, User
from portal.journal.models import Entry
from tests.conftest import ANNA
from tests.identity.staff.staff_door import SECRET, code_at, give_code, give_password

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.guarded_urls")]

PASSWORD = "dodici o più caratteri"


@pytest.fixture
def typed(monkeypatch):
    """The operator's input to the prompts, in order."""
    answers = [PASSWORD, PASSWORD]
    monkeypatch.setattr("getpass.getpass", lambda prompt: answers.pop(0))
    return answers


def create(username: str = "franca", territory: str = "tutta-italia") -> str:
    said = StringIO()
    call_command("create_staff", username, given_name="Franca", family_name="Blu", territory=territory, stdout=said)
    return said.getvalue()


def test_the_secret_that_is_printed_opens_the_door(typed):
    secret = base64.b32decode(re.search(r"secret: +(\w+)", create())[1])
    client = Client()
    give_password(client, PASSWORD, "franca")
    assert give_code(client, code_at(timezone.now(), secret)).status_code == 302
    assert User.objects.get(pk=client.session["_auth_user_id"]).full_name == "Franca Blu"


def test_where_nobody_can_type_it_is_a_sentence(monkeypatch):
    def no_terminal(prompt: str) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        raise EOFError

    monkeypatch.setattr("getpass.getpass", no_terminal)
    with pytest.raises(CommandError, match="typed at a terminal"):
        create()
    assert not User.objects.exists()


def test_the_address_for_the_app_is_printed_and_the_password_is_not(typed):
    said = create()
    assert "otpauth://totp/Portale%20Farmacie:franca?secret=" in said
    assert PASSWORD not in said


def test_a_short_password_creates_nobody(typed):
    typed[:] = ["undici car.", "undici car."]
    with pytest.raises(CommandError, match="almeno 12 caratteri"):
        create()
    assert not User.objects.exists()


def test_a_password_of_the_operator_s_own_names_creates_nobody(typed):
    typed[:] = ["Franca Blu 2026", "Franca Blu 2026"]
    with pytest.raises(CommandError, match="parole che non c’entrano"):
        create()
    assert not User.objects.exists()


def test_two_different_passwords_create_nobody(typed):
    typed[1] = PASSWORD + "!"
    with pytest.raises(CommandError, match="differ"):
        create()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("territory", "whole_nation", "limited_to"),
    [("tutta-italia", True, []), ("042", False, ["042"]), ("010-301, 042 042", False, ["010-301", "042"])],
)
def test_the_territory_is_said_in_the_command(typed, territory, whole_nation, limited_to):
    create(territory=territory)
    franca = User.objects.get(username="franca")
    assert (franca.whole_nation, franca.limited_to) == (whole_nation, limited_to)


@pytest.mark.parametrize(
    ("territory", "sentence"),
    [
        ("", "--territory is missing: write tutta-italia for the whole nation"),
        ("tutta-italia 042", "the one or the others"),
        ("999", "La regione «999» non esiste"),
        ("Trento", "«Trento» non è un codice"),
    ],
)
def test_a_territory_that_is_missing_or_unknown_creates_nobody(typed, territory, sentence):
    with pytest.raises(CommandError, match=sentence):
        create(territory=territory)
    assert not User.objects.exists()


def test_an_existing_username_is_left_alone(typed, carla):
    with pytest.raises(CommandError, match="already"):
        create("carla")
    assert not StaffTotp.objects.exists()


def test_a_codice_fiscale_is_no_username_for_staff(typed):
    with pytest.raises(CommandError, match="digital identity"):
        create(ANNA)


# --- manage.py renew_staff_app


def renew(username: str = "carla") -> str:
    said = StringIO()
    call_command("renew_staff_app", username, stdout=said)
    return said.getvalue()


def test_a_new_app_opens_the_door_and_the_old_one_does_not(carla):
    StaffTotp.enrol(carla, SECRET)
    secret = base64.b32decode(re.search(r"secret: +(\w+)", renew())[1])
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = Client()
        give_password(client)
        assert give_code(client, code_at(timezone.now())).status_code == 200
        clock.shift(2)
        assert give_code(client, code_at(timezone.now(), secret)).status_code == 302


def test_a_session_of_the_old_app_is_ended(carla, carla_client):
    renew()
    assert carla_client.get("/guarded/staff/").status_code == 403


def test_only_staff_have_an_app(anna):
    with pytest.raises(CommandError, match="no member of the staff"):
        renew(anna.username)


def test_a_new_app_closes_every_session_and_leaves_a_line(carla):
    StaffTotp.enrol(carla, SECRET)
    client = Client()
    give_password(client)
    assert give_code(client, code_at(timezone.now())).status_code == 302
    renew()
    assert StaffSession.objects.get(user=carla).closed_at is not None
    assert client.get("/guarded/staff/")["Location"].startswith("/operatori/accesso/")
    assert client.get("/operatori/accesso/").status_code == 200
    line = Entry.objects.get(verb="staff.app_renewed")
    assert (line.actor, line.sentence) == (
        None,
        "ha dato da terminale una nuova app di autenticazione all’operatore carla",
    )


def test_the_door_lets_in_again_a_browser_whose_app_is_gone(carla, carla_client):
    renew()
    assert carla_client.get("/operatori/accesso/").status_code == 200
    assert give_password(carla_client)["Location"] == "/operatori/accesso/codice/"
