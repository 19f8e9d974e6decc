"""After too many wrong secrets, the web service and the gate return the same bytes as after one wrong secret.

The holder of a live id without its password is answered as slowly, and as rarely, as a caller without an id.
"""

import base64
from datetime import timedelta

import pytest
import time_machine

from portal.identity.models import PasswordFailure
from sessions.credentials import guesses
from sessions.ids import issuing
from tests.identity.counting_hasher import CountingHasher
from tests.sessions.conftest import MORNING

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


# --- at the gate, with a live id

SHOP, OTHER_SHOP = "192.0.2.7", "192.0.2.8"


@pytest.fixture
def plain(hashes, utenza, certified, context) -> str:
    """An id issued by the portal, not used yet."""
    return issuing.issue(utenza, context, MORNING).plain


def knock(client, plain: str, password: str, place: str = SHOP):
    return client.get(GATE, HTTP_AUTHORIZATION2F=f"Bearer {plain}", REMOTE_ADDR=place, **basic(password))


def guess_with_the_id(client, plain: str, places: int = 1) -> None:
    """Sends the limit of wrong passwords from each address, and one more."""
    for place in range(places):
        for number in range(guesses.WRONG_FROM_ONE_PLACE + 1):
            assert knock(client, plain, f"prova-{place}-{number}", f"198.51.100.{place}").status_code == 401


def test_at_the_gate_the_id_of_a_mailbox_is_no_oracle_for_its_password(client, hashes, plain):
    assert knock(client, plain, "SALVE").status_code == 204
    wrong = seen(knock(client, plain, "sbagliata", "198.51.100.0"))
    assert wrong[0] == 401
    hashes.clear()
    for number in range(10):
        assert seen(knock(client, plain, f"prova-{number}", "198.51.100.0")) == wrong
    assert seen(knock(client, plain, "SALVE", "198.51.100.0")) == wrong
    assert len(hashes) == guesses.WRONG_FROM_ONE_PLACE - 1


def test_from_twenty_places_neither(client, plain):
    assert knock(client, plain, "SALVE").status_code == 204
    guess_with_the_id(client, plain, places=5)
    assert knock(client, plain, "SALVE", "198.51.100.77").status_code == 401


def test_meanwhile_the_till_that_used_the_id_goes_on_and_pays_a_slow_hash_a_call(client, hashes, plain):
    assert knock(client, plain, "SALVE").status_code == 204
    guess_with_the_id(client, plain, places=5)
    hashes.clear()
    assert [knock(client, plain, "SALVE").status_code for _ in range(3)] == [204] * 3
    assert len(hashes) == 3
    assert knock(client, plain, "SALVE", "198.51.100.0").status_code == 401


def test_once_the_guesses_are_over_the_id_remembers_again(client, hashes, plain, clock):
    assert knock(client, plain, "SALVE").status_code == 204
    guess_with_the_id(client, plain)
    clock.shift(PasswordFailure.WINDOW)
    assert knock(client, plain, "SALVE", OTHER_SHOP).status_code == 204
    hashes.clear()
    assert knock(client, plain, "SALVE", OTHER_SHOP).status_code == 204
    assert hashes == []


def test_strangers_without_the_id_make_it_forget_nothing(client, hashes, plain):
    assert knock(client, plain, "SALVE").status_code == 204
    for number in range(40):
        client.post(SERVICE, EMPTY_CALL, "text/xml", REMOTE_ADDR=f"198.51.100.{number}", **basic(f"prova-{number}"))
    hashes.clear()
    assert knock(client, plain, "SALVE").status_code == 204
    assert hashes == []


def test_a_till_that_was_not_told_the_new_password_does_not_stop_the_others_of_its_shop(client, hashes, plain):
    assert knock(client, plain, "SALVE").status_code == 204
    for _ in range(30):
        assert knock(client, plain, "la password di prima").status_code == 401
    assert hashes.count("la password di prima") == 1
    hashes.clear()
    assert knock(client, plain, "SALVE").status_code == 204
    assert hashes == []


def test_a_password_that_was_wrong_until_it_was_set_is_right_at_once(client, plain, utenza):
    assert knock(client, plain, "la password di domani").status_code == 401
    utenza.set_password("la password di domani", MORNING)
    utenza.save()
    assert knock(client, plain, "la password di domani").status_code == 204


def test_what_was_typed_wrong_is_not_kept(client, plain):
    knock(client, plain, "sbagliata")
    kept = [row.username_hash + row.address_hash for row in PasswordFailure.objects.all()]
    assert len(kept) == 2
    assert not any("sbagliata" in text or plain in text for text in kept)


# --- at the web service, with an id


def revoke(client, plain: str, password: str, place: str):
    body = EMPTY_CALL.replace(
        b"<e:Body/>",
        b'<e:Body><m:RevokeAuthReq xmlns:m="http://authservice.xsd.wsdl.auth.a2f.sts.sanita.finanze.it">'
        b"<m:token>%s</m:token></m:RevokeAuthReq></e:Body>" % plain.encode(),
    )
    return client.post(SERVICE, body, "text/xml", REMOTE_ADDR=place, **basic(password))


def test_at_the_web_service_the_id_of_a_mailbox_is_no_oracle_either(client, plain):
    assert knock(client, plain, "SALVE").status_code == 204
    assert revoke(client, plain, "SALVE", "198.51.100.0").status_code == 200
    for number in range(guesses.WRONG_FROM_ONE_PLACE + 1):
        assert revoke(client, plain, f"prova-{number}", "198.51.100.0").status_code == 401
    assert revoke(client, plain, "SALVE", "198.51.100.0").status_code == 401
    assert revoke(client, plain, "SALVE", SHOP).status_code == 200


def test_a_dead_id_vouches_for_nothing(client, hashes, plain, clock):
    assert knock(client, plain, "SALVE").status_code == 204
    hashes.clear()
    assert revoke(client, plain, "SALVE", SHOP).status_code == 200
    assert hashes == []
    clock.shift(timedelta(hours=16))
    assert revoke(client, plain, "SALVE", SHOP).status_code == 200
    assert len(hashes) == 1


def test_an_attack_on_the_web_service_does_not_stop_the_first_use_of_an_id_that_the_portal_gave(
    client, hashes, utenza, certified, context
):
    for number in range(40):
        client.post(SERVICE, EMPTY_CALL, "text/xml", REMOTE_ADDR=f"198.51.100.{number}", **basic("sbagliata"))
    assert ask(client, "SALVE").status_code == 401
    plain = issuing.issue(utenza, context, MORNING).plain
    assert client.get(GATE, HTTP_AUTHORIZATION2F=f"Bearer {plain}", **basic("SALVE")).status_code == 204
