"""Each door counts its own failures: failures at one never change the answers of another.

People, operators, the web service's password, the pincode, the gate and (in TEST) the ids of the manual. The operator and
the utenza have the same name here, and everybody comes from the same address: only the door keeps the counts apart.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pharmacies.models import Utenza
from portal.identity.models import PasswordFailure, StaffSession, StaffTotp, User
from portal.identity.staff import login
from sessions.credentials import password_proof, pincode
from sessions.gate import uses
from sessions.ids import issuing
from sessions.models import IdSessione, PincodeCertificate
from tests.identity.door import enter
from tests.identity.staff.staff_door import CODE, SECRET, give_password
from tests.sessions.conftest import MORNING
from tests.sessions.credentials.pincodes import encrypted
from tests.sessions.gate.gate_door import GATE, basic
from tests.sessions.soap.calls import envelope

pytestmark = pytest.mark.django_db

SHOP, NAME, RIGHT, PINCODE = "192.0.2.7", "carla", "una password lunga", "1729594276"
SERVICE = "/a2f-auth-ws/soap/v1/authentication-service"
EMPTY_CALL = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>'
GATE_URL = f"{GATE}?contesto=RICETTA-DEM&applicazione=EROGATORE"


@dataclass
class Counter:
    """A caller at each door, with the right or a wrong secret."""

    utenza: Utenza
    plain: str  # a live id ...
    proof: bytes  # ... and its stored fingerprint of the password
    certificate: PincodeCertificate
    familiar: str | None = None

    def people(self, right: bool, place: str = SHOP, number: int = 0) -> object:
        return enter(Client(REMOTE_ADDR=place), esito="ok" if right else "25").status_code

    def operators(self, right: bool, place: str = SHOP, number: int = 0, name: str = NAME) -> object:
        answer = give_password(Client(REMOTE_ADDR=place), RIGHT if right else f"sbagliata-{number}", name)
        return answer.status_code, answer.get("Location")

    def service(self, right: bool, place: str = SHOP, number: int = 0, name: str = NAME) -> object:
        sent = {"REMOTE_ADDR": place, "HTTP_AUTHORIZATION": _basic(right, number, name)}
        return Client().post(SERVICE, EMPTY_CALL, "text/xml", **sent).status_code

    def service_with_an_id(self, right: bool, place: str = SHOP, number: int = 0) -> object:
        return self._check(self.proof, right, place, number)

    def service_with_an_id_slowly(self, right: bool, place: str = SHOP, number: int = 0) -> object:
        return self._check(None, right, place, number)

    def _check(self, proof: bytes | None, right: bool, place: str, number: int) -> int:
        """The portal's answer to checkToken about the id: 200 or 401."""
        if proof is None:
            IdSessione.objects.update(service_fingerprint=None)
        sent = {"REMOTE_ADDR": place, "HTTP_AUTHORIZATION": _basic(right, number)}
        captured = envelope("checkToken", {"token": self.plain})
        return Client().post(SERVICE, captured, "text/xml", **sent).status_code

    def pincode(self, right: bool, place: str = SHOP, number: int = 0) -> object:
        typed = encrypted(self.certificate, PINCODE if right else f"{number:010}")
        return pincode.check(self.utenza, typed, MORNING, None, place)

    def gate(self, right: bool, place: str = SHOP, number: int = 0) -> object:
        return self._with_the_id(self.proof, right, place, number)

    def gate_slowly(self, right: bool, place: str = SHOP, number: int = 0) -> object:
        return self._with_the_id(None, right, place, number)

    def gate_of_the_manual(self, right: bool, place: str = SHOP, number: int = 0) -> object:
        return _knock(f"{NAME}-2026-11-RICETTA-DEM-EROGATORE", right, place, number)

    def _with_the_id(self, proof: bytes | None, right: bool, place: str, number: int) -> int:
        """A use with the id does not make the address familiar: the test says which addresses are."""
        ids = IdSessione.objects.all()
        if proof is None:
            ids.update(fingerprint=None)
        answer = _knock(self.plain, right, place, number)
        ids.update(used_from=self.familiar)
        return answer


DOORS: dict[str, Callable[..., object]] = {
    name: act for name, act in vars(Counter).items() if callable(act) and not name.startswith("_")
}
PASSES = {
    "people": 302, "operators": (302, CODE), "service": 500, "service_with_an_id": 200, "service_with_an_id_slowly": 200, "pincode": pincode.PincodeOutcome.OK, "gate": 204, "gate_slowly": 204,
    "gate_of_the_manual": 204,
}  # fmt: skip
ONE_DOOR = [
    {"gate", "gate_slowly"},
    {"service_with_an_id", "service_with_an_id_slowly"},
]  # the id has its fingerprint, or not


class Seen(NamedTuple):
    """A door's response to a right secret: answer, slow hashes, queries, and its waits for counts (PostgreSQL)."""

    answer: object
    hashes: int
    queries: int
    waits: frozenset[str]


def _basic(right: bool, number: int, name: str = NAME) -> str:
    return basic(name, RIGHT if right else f"sbagliata-{number}")


def _knock(plain: str, right: bool, place: str, number: int) -> int:
    sent = {"Authorization2F": f"Bearer {plain}", "Authorization": _basic(right, number)}
    return Client(REMOTE_ADDR=place).get(GATE_URL, headers=sent).status_code


@pytest.fixture(autouse=True)
def _morning():
    uses.forget()
    with time_machine.travel(MORNING, tick=False):
        yield
    uses.forget()


@pytest.fixture
def counter(hashes, utenza, certified, context, certificate) -> Counter:
    """An utenza and an operator with the same name and the same password."""
    utenza.user_id = NAME
    utenza.set_password(RIGHT, MORNING)
    utenza.set_pincode(PINCODE)
    utenza.save()
    StaffTotp.enrol(User.objects.create_staff(NAME, RIGHT), SECRET)
    plain = issuing.issue(utenza, context, MORNING).plain
    assert _knock(plain, True, "203.0.113.200", 0) == 204
    proof = bytes(IdSessione.objects.get().fingerprint)
    IdSessione.objects.update(used_from=None)
    return Counter(utenza, plain, proof, certificate)


@pytest.fixture
def at_home(counter) -> Counter:
    """As counter, at an address where its ids and its operator were seen before."""
    counter.familiar = SHOP
    IdSessione.objects.update(used_from=SHOP)
    StaffSession.begin(User.objects.get(username=NAME), "una chiave", SHOP, "Firefox", MORNING)
    return counter


def seen(counter: Counter, door: str, hashes: list[str]) -> Seen:
    hashes.clear()
    with CaptureQueriesContext(connection) as captured:
        answer = DOORS[door](counter, True)
    locks = re.findall(r"pg_advisory_xact_lock\((-?\d+)\)", " ".join(query["sql"] for query in captured))
    return Seen(answer, len(hashes), len(captured), frozenset(locks))


def look(counter: Counter, doors: list[str], hashes: list[str]) -> dict[str, Seen]:
    """Tries the doors with a fingerprint first: a slow check would store a new one."""
    return {door: seen(counter, door, hashes) for door in sorted(doors, key=lambda door: "slowly" in door)}


def remember(counter: Counter) -> None:
    """Stores the id's fingerprint again, at both doors."""
    IdSessione.objects.update(fingerprint=counter.proof, service_fingerprint=counter.proof)


def refuse(counter: Counter, door: str) -> None:
    """Fails more often than any limit allows: from the caller's own address, and from many."""
    times = 3 if door == "people" else 25
    for number in range(times):
        DOORS[door](counter, False, SHOP, number)
        DOORS[door](counter, False, f"198.51.100.{number}", number)


@pytest.mark.parametrize("refusing", sorted(DOORS))
def test_refusals_at_one_door_leave_every_other_as_it_was(counter, hashes, refusing):
    same = next((group for group in ONE_DOOR if refusing in group), {refusing})
    others = [door for door in DOORS if door not in same]
    look(counter, others, hashes)  # values that are cached after one read count as cached from here on
    remember(counter)
    before = look(counter, others, hashes)
    remember(counter)
    refuse(counter, refusing)
    assert look(counter, others, hashes) == before
    assert {door: before[door].answer for door in others} == {door: PASSES[door] for door in others}


def test_no_two_doors_wait_for_one_another(counter, hashes):
    waits = {door: seen(counter, door, hashes).waits for door in sorted(set(DOORS) - {"gate", "service_with_an_id"})}
    together = [wait for door in waits for wait in waits[door]]
    assert len(together) == len(set(together))


# --- a stranger has no secret


def noise(counter: Counter) -> None:
    """Cancelled logins and unknown names from the caller's address; wrong passwords for the caller's name from others."""
    for _ in range(3):
        counter.people(False)
    for number in range(55):
        counter.operators(False, SHOP, number, name=f"nessuno{number}")
        counter.service(False, SHOP, number, name=f"NESSUNO{number}")
    for number in range(35):
        counter.operators(False, f"198.51.100.{number}", number)
        counter.service(False, f"198.51.100.{number}", number)
        counter.gate_of_the_manual(False, f"198.51.100.{number}", number)


def test_a_stranger_neither_refuses_nor_slows_a_caller_at_a_place_that_has_worked(at_home, hashes):
    look(at_home, list(DOORS), hashes)
    remember(at_home)
    before = look(at_home, list(DOORS), hashes)
    remember(at_home)
    noise(at_home)
    after = look(at_home, list(DOORS), hashes)
    assert {door: after[door][:2] for door in DOORS} == {door: before[door][:2] for door in DOORS}
    assert {door: before[door].answer for door in DOORS} == PASSES


def test_an_operator_is_locked_by_their_own_mistakes_at_a_familiar_place_too(at_home):
    for number in range(login.WRONG_PER_USERNAME):
        at_home.operators(False, SHOP, number)
    assert at_home.operators(True) == (200, None)


# --- an empty name is no key


@pytest.mark.parametrize("hashed", [PasswordFailure.hash_of_username, PasswordFailure.hash_of_address])
@pytest.mark.parametrize("names", [("", "carla"), ("a2f-password", "")])
def test_an_empty_name_has_no_hash(hashed, names):
    with pytest.raises(ValueError, match="no key"):
        hashed(*names)


@pytest.mark.parametrize("names", [{"username_hash": ""}, {"address_hash": ""}])
def test_the_database_takes_no_empty_name_at_a_door(names):
    with pytest.raises(IntegrityError), transaction.atomic():
        PasswordFailure.objects.create(door="login", at=MORNING, **names)


def test_rows_without_a_door_are_in_no_count(counter, hashes):
    """An older release, which does not know the column, writes such rows until it is stopped."""
    before = seen(counter, "service", hashes)
    for _ in range(60):
        PasswordFailure.objects.create(username_hash="", address_hash="", at=MORNING)
    assert seen(counter, "service", hashes) == before


def test_nobody_without_a_name_is_looked_at_or_counted(counter, hashes):
    hashes.clear()
    assert password_proof.prove("", RIGHT, SHOP, MORNING) is None
    assert hashes == []
    assert not PasswordFailure.objects.exists()
