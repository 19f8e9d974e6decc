"""Passkeys of operators: added, used at the login and before grave acts, and every forged answer refused."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from portal.identity.models import LoginRecord, StaffMailbox, StaffPasskey, StaffRecoveryCode, StaffTotp, User
from portal.identity.staff import accounts
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from tests.conftest import sign_in_staff
from tests.identity.staff.authenticator import PRESENT, SoftAuthenticator
from tests.identity.staff.staff_door import CODE, SECRET, code_at, give_code, give_password

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAGE, LOGIN, STEP_UP = "/operatori/mio-accesso/passkey/", "/operatori/accesso/passkey/", "/operatori/accesso/conferma/"
OWN, STATUS, NEW = "/operatori/mio-accesso/", "/operatori/stato-sessioni/", "/operatori/utenti/nuovo/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def options_on(page: HttpResponse) -> dict[str, Any]:
    """The options that the page gives to the browser."""
    found = re.search(r'data-passkey="([^"]*)"', page.content.decode())
    assert found, "the page offers no passkey"
    return json.loads(html.unescape(found[1]))["publicKey"]


def add(client: Client, key: SoftAuthenticator, label: str = "chiave blu", **mistakes: Any) -> HttpResponse:
    answer = key.created(options_on(client.get(PAGE)), **mistakes)
    return client.post(PAGE, {"nome": label, "risposta": answer})


@pytest.fixture
def key(carla_client) -> SoftAuthenticator:
    """Carla's passkey."""
    made = SoftAuthenticator()
    assert add(carla_client, made).status_code == 302
    return made


def at_the_door() -> tuple[Client, dict[str, Any]]:
    """Carla's browser after the password, and the options on the page of the second factor."""
    client = Client()
    give_password(client, next=STATUS)
    return client, options_on(client.get(CODE))


def is_inside(client: Client) -> bool:
    return client.get(STATUS).status_code == 200


def refused(client: Client, answer: str) -> None:
    """The answer opens nothing and leaves a trace."""
    assert client.post(LOGIN, {"risposta": answer})["Location"] == CODE
    assert not is_inside(client)
    assert LoginRecord.objects.latest("pk").outcome in {"wrong-passkey", "passkey-copied"}


def test_a_passkey_that_was_added_opens_the_door(key, carla):
    client, options = at_the_door()
    assert options["userVerification"] == "required"
    assert client.post(LOGIN, {"risposta": key.signed(options)})["Location"] == STATUS
    assert is_inside(client)
    passkey = StaffPasskey.objects.get()
    assert (passkey.user, passkey.name, passkey.counter, passkey.last_used_at) == (
        carla,
        "chiave blu",
        key.counter,
        NOON,
    )
    assert LoginRecord.objects.latest("pk").outcome == "ok"


def test_a_new_passkey_is_a_line_of_the_journal_and_told(carla, carla_client):
    StaffMailbox.objects.create(user=carla, address="carla@ente.example", confirmed_at=NOON)
    add(carla_client, SoftAuthenticator())
    assert Entry.objects.get().sentence == "ha aggiunto al proprio accesso la passkey «chiave blu» (carla)"
    assert OutgoingMail.objects.get().recipient == "carla@ente.example"


def test_the_app_and_the_recovery_codes_open_as_before(key, carla, clock):
    StaffTotp.objects.all().delete()
    StaffTotp.enrol(carla, SECRET)
    client, _ = at_the_door()
    assert give_code(client, code_at(NOON))["Location"] == STATUS
    client, _ = at_the_door()
    code = StaffRecoveryCode.renew(carla, NOON)[0]
    assert client.post("/operatori/accesso/recupero/", {"code": code})["Location"] == OWN


def test_a_passkey_confirms_a_grave_act(key, carla_client, clock):
    clock.shift(timedelta(minutes=11))
    redirect = carla_client.get(NEW)["Location"]
    options = options_on(carla_client.get(redirect))
    fields = {"next": NEW, "risposta": key.signed(options)}
    assert carla_client.post(STEP_UP, fields)["Location"] == NEW
    assert carla_client.get(NEW).status_code == 200
    clock.shift(timedelta(minutes=11))
    carla_client.post(STEP_UP, fields)  # a replay
    assert carla_client.get(NEW).status_code == 302


def test_without_the_password_a_passkey_opens_nothing(key):
    _, options = at_the_door()
    stranger = Client()
    assert stranger.post(LOGIN, {"risposta": key.signed(options)})["Location"] == CODE
    assert not is_inside(stranger)


# --- forged answers


@pytest.mark.parametrize(
    "mistakes",
    [
        {"origin": "https://portale-farmacie.example.org"},
        {"origin": "http://testserver.example.org"},
        {"origin": "http://sotto.testserver"},
        {"origin": "https://testserver"},
        {"origin": "http://testserver:8443"},
        {"embedded": True},
        {"challenge": b"x" * 32},
        {"kind": "webauthn.create"},
        {"flags": PRESENT},
        {"flags": 0},
        {"host": "altrove"},
        {"parts": {"signature": b"x" * 70}},
        {"parts": {"userHandle": b"x" * 32}},
    ],
    ids=str,
)
def test_a_forged_answer_opens_nothing(key, mistakes):
    client, options = at_the_door()
    refused(client, key.signed(options, **mistakes))


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", "{", '{"id": 5}', "x" * 30_000, '{"rawId": "AA", "response": {}}']
)
def test_something_that_is_no_answer_opens_nothing(key, answer):
    client, _ = at_the_door()
    refused(client, answer)


def test_an_answer_works_once(key):
    client, options = at_the_door()
    answer = key.signed(options)
    client.post(LOGIN, {"risposta": answer})
    again, _ = at_the_door()
    refused(again, answer)


def test_a_challenge_is_of_one_browser_and_lasts_five_minutes(key, clock):
    _, options = at_the_door()
    elsewhere, _ = at_the_door()
    refused(elsewhere, key.signed(options))
    client, options = at_the_door()
    clock.shift(timedelta(minutes=5))
    client.post(LOGIN, {"risposta": key.signed(options)})
    assert not is_inside(client)


def test_a_challenge_for_a_new_passkey_is_no_challenge_for_the_door(key, carla_client):
    client, _ = at_the_door()
    refused(client, key.signed({"rpId": "testserver", "challenge": options_on(carla_client.get(PAGE))["challenge"]}))


@pytest.mark.parametrize("counter", [0, 1, 2])
def test_a_counter_that_does_not_grow_is_an_alarm(key, counter):
    stored = StaffPasskey.objects.get().counter
    client, options = at_the_door()
    refused(client, key.signed(options, counter=min(counter, stored)))
    assert "il cui contatore non è cresciuto" in Entry.objects.latest("pk").sentence
    assert StaffPasskey.objects.get().counter == stored


def test_an_authenticator_that_does_not_count_is_accepted(carla_client):
    key = SoftAuthenticator()
    add(carla_client, key, counter=0)
    for _ in range(2):
        client, options = at_the_door()
        client.post(LOGIN, {"risposta": key.signed(options, counter=0)})
        assert is_inside(client)


def test_the_passkey_of_another_operator_opens_nothing(key):
    ugo = User.objects.create_staff("ugo", "una password lunga", roles=["lettura"])
    other = SoftAuthenticator()
    add(sign_in_staff(Client(), ugo), other)
    client, options = at_the_door()
    refused(client, other.signed(options))


def test_a_passkey_has_one_owner(key):
    ugo = sign_in_staff(Client(), User.objects.create_staff("ugo", "una password lunga", roles=["lettura"]))
    page = add(ugo, key)
    assert "La passkey non è stata registrata" in page.content.decode()
    assert StaffPasskey.objects.count() == 1


@pytest.mark.parametrize(
    "mistakes", [{"flags": PRESENT}, {"origin": "https://example.org"}, {"challenge": b"x" * 32}, {"embedded": True}]
)
def test_a_forged_registration_adds_nothing(carla_client, mistakes):
    assert add(carla_client, SoftAuthenticator(), **mistakes).status_code == 200
    assert not StaffPasskey.objects.exists()


# --- the end of a passkey


def test_a_passkey_that_was_removed_opens_nothing(key, carla_client):
    client, options = at_the_door()
    carla_client.post(f"{PAGE}{StaffPasskey.objects.get().pk}/togli/")
    refused(client, key.signed(options))
    assert carla_client.get(OWN).status_code == 200
    assert "data-passkey" not in client.get(CODE).content.decode()


def test_the_session_of_a_removed_passkey_goes_on_with_the_app_and_another_does_not(key):
    here, options = at_the_door()
    here.post(LOGIN, {"risposta": key.signed(options)})
    there, options = at_the_door()
    there.post(LOGIN, {"risposta": key.signed(options)})
    here.post(f"{PAGE}{StaffPasskey.objects.get().pk}/togli/")
    assert is_inside(here)
    assert not is_inside(there)


def test_nobody_removes_the_passkey_of_another(key):
    ugo = sign_in_staff(Client(), User.objects.create_staff("ugo", "una password lunga"))
    assert ugo.post(f"{PAGE}{StaffPasskey.objects.get().pk}/togli/").status_code == 404
    assert StaffPasskey.objects.exists()


def test_a_reset_removes_the_passkeys(key, carla):
    ada = User.objects.create_staff("ada", "una password lunga", roles=["amministrazione"])
    accounts.reset(carla, ada, "chiave persa", NOON)
    assert not StaffPasskey.objects.exists()


# --- STAFF_REQUIRE_PASSKEY


def test_an_administration_may_demand_passkeys(settings, carla, carla_client, clock):
    settings.STAFF_REQUIRE_PASSKEY = True
    assert carla_client.get(STATUS)["Location"] == PAGE
    assert carla_client.get(OWN).status_code == 200
    key = SoftAuthenticator()
    add(carla_client, key)
    assert carla_client.get(STATUS).status_code == 200
    client, options = at_the_door()
    give_code(client, code_at(NOON, b"0" * 20))
    assert not is_inside(client)
    assert 'name="code"' not in client.get(CODE).content.decode()
    options = options_on(client.get(CODE))
    client.post(LOGIN, {"risposta": key.signed(options)})
    assert is_inside(client)


def test_at_an_address_that_is_a_number_the_page_says_why_there_is_no_passkey(carla, settings):
    settings.PORTAL_URL = "http://127.0.0.1:8000"
    client = sign_in_staff(Client(SERVER_NAME="127.0.0.1"), carla)
    assert "apri il portale con il suo nome" in client.get(PAGE).content.decode()


def test_in_production_only_the_portal_s_own_address_counts_and_not_that_of_the_request(settings, carla_client):
    settings.DEMO, settings.PORTAL_URL = False, "https://portale.example"
    key = SoftAuthenticator()
    options = options_on(carla_client.get(PAGE))
    assert options["rp"]["id"] == "portale.example"
    assert add(carla_client, key).status_code == 200
    assert add(carla_client, key, origin="https://portale.example").status_code == 302
    client, options = at_the_door()
    assert options["rpId"] == "portale.example"
    refused(client, key.signed(options))
    client, options = at_the_door()
    client.post(LOGIN, {"risposta": key.signed(options, origin="https://portale.example")})
    assert is_inside(client)
