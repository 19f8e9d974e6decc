"""Too many wrong secrets, seen from outside: the same bytes as one wrong secret, at the web service and at the gate."""

import base64

import pytest
import time_machine

from sessions import guesses, issuing
from tests.identity.counting_hasher import CountingHasher

from .conftest import MORNING

SERVICE, GATE = "/a2f-auth-ws/soap/v1/authentication-service", "/a2f/gate?contesto=RICETTA-DEM&applicazione=EROGATORE"
EMPTY_CALL = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>'


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as moved:
        yield moved


@pytest.fixture
def hashes(settings, utenza) -> list[str]:
    settings.PASSWORD_HASHERS = ["tests.identity.counting_hasher.CountingHasher"]
    utenza.set_password("SALVE", MORNING)
    utenza.save()
    CountingHasher.worked.clear()
    return CountingHasher.worked


def basic(password: str, user_id: str = "UVANNA01") -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{user_id}:{password}".encode()).decode()}


def ask(client, password: str, user_id: str = "UVANNA01"):
    return client.post(SERVICE, EMPTY_CALL, "text/xml", **basic(password, user_id))


def seen(answer) -> tuple:
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    return answer.status_code, headers, answer.content


def test_at_the_web_service_unknown_wrong_and_throttled_are_the_same_bytes(client, hashes):
    wrong = seen(ask(client, "sbagliata"))
    assert wrong[0] == 401
    assert seen(ask(client, "sbagliata", "NESSUNO1")) == wrong
    for _ in range(guesses.WRONG_FROM_ONE_PLACE):
        ask(client, "sbagliata")
    assert seen(ask(client, "SALVE")) == wrong


def test_credential_stuffing_at_the_web_service_pays_no_more_hashes_than_the_counts_allow(client, hashes, caplog):
    for number in range(80):
        assert ask(client, f"password-{number}", f"UV{number:06}").status_code == 401
    assert len(hashes) == guesses.WRONG_AT_ALL_UTENZE
    assert "password-" not in caplog.text


def test_at_the_gate_wrong_and_throttled_are_the_same_and_a_proved_password_passes_all_along(
    client, hashes, utenza, certified, context
):
    plain = issuing.issue(utenza, context, MORNING).plain
    bearer = {"HTTP_AUTHORIZATION2F": f"Bearer {plain}"}
    assert client.get(GATE, **bearer, **basic("SALVE")).status_code == 204
    wrong = seen(client.get(GATE, **bearer, **basic("sbagliata")))
    assert wrong[0] == 401
    for _ in range(2 * guesses.WRONG_FROM_ONE_PLACE):
        assert seen(client.get(GATE, **bearer, **basic("sbagliata"))) == wrong
    assert client.get(GATE, **bearer, **basic("SALVE")).status_code == 204
    assert len(hashes) == 1 + guesses.WRONG_FROM_ONE_PLACE


def test_an_attack_on_the_web_service_does_not_stop_the_first_use_of_an_id_that_the_portal_gave(
    client, hashes, utenza, certified, context
):
    for number in range(40):
        client.post(SERVICE, EMPTY_CALL, "text/xml", REMOTE_ADDR=f"198.51.100.{number}", **basic("sbagliata"))
    assert ask(client, "SALVE").status_code == 401
    plain = issuing.issue(utenza, context, MORNING).plain
    assert client.get(GATE, HTTP_AUTHORIZATION2F=f"Bearer {plain}", **basic("SALVE")).status_code == 204
