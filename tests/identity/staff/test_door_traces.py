"""Every attempt at the staff's door leaves a record, a count, and a line of the log; a lock-out also a line of the journal."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.db.models import Sum
from django.test import Client
from prometheus_client import REGISTRY

from portal.identity.models import LOGINS, LoginRecord, StaffRecoveryCode, StaffTotp
from portal.identity.staff import traces
from portal.journal.models import Entry
from portal.watch import readiness
from tests.identity.staff.staff_door import PASSWORD, SECRET, code_at, give_code, give_password

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RECOVERY = "/operatori/accesso/recupero/"
STATUS = "/operatori/stato-sessioni/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def app(carla) -> StaffTotp:
    return StaffTotp.enrol(carla, SECRET)[0]


def written() -> list[tuple[str, int]]:
    """Outcome and number of attempts of each record."""
    return list(LoginRecord.objects.order_by("pk").values_list("outcome", "times"))


def wrong_code() -> str:
    good = {code_at(datetime.now(UTC) + timedelta(seconds=30 * step)) for step in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in good)


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("portal_logins_total", {"method": "staff", "outcome": outcome}) or 0


def test_ninety_five_guesses_are_written_counted_and_told(app, carla, operator):
    before = {outcome: counted(outcome) for outcome in ("wrong-password", "locked-out", "locked")}
    client = Client(REMOTE_ADDR="192.0.2.7")
    for _ in range(95):
        give_password(client, "sbagliata")
    assert written() == [("wrong-password", 4), ("locked-out", 1), ("locked", 90)]
    assert {row.user for row in LoginRecord.objects.all()} == {carla}
    assert {outcome: counted(outcome) - number for outcome, number in before.items()} == {
        "wrong-password": 4, "locked-out": 1, "locked": 90,
    }  # fmt: skip
    line = Entry.objects.get(verb="staff.locked_out")
    assert line.sentence == "ha bloccato per un quarto d’ora l’accesso di carla: troppe password sbagliate"
    assert (line.actor, line.origin) == (None, "192.0.2.7")
    assert "Un blocco nell’ultimo giorno" in operator("sicurezza").get(STATUS).content.decode()
    assert "staff door: 1 lock-outs in the last day" in readiness.warnings(datetime.now(UTC))


def test_a_record_says_for_whom_from_where_and_by_what_and_only_sealed(app):
    agent = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
    give_password(Client(REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT=agent), "sbagliata")
    row = LoginRecord.objects.get()
    assert json.loads(row.request) == {"account": "carla", "from": "192.0.2.7", "with": "Firefox su Linux"}
    with connection.cursor() as cursor:
        cursor.execute("select * from identity_loginrecord")
        stored = b"".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in cursor.fetchone())
    for secret in (b"192.0.2.7", b"carla", b"sbagliata", b"Firefox"):
        assert secret not in stored


def test_every_step_of_a_login_is_written(app, carla, clock):
    client = Client()
    give_password(client, "sbagliata")
    give_password(client)
    give_code(client, wrong_code())
    give_code(client, code_at(NOON))  # the door waits a second after a wrong code
    clock.shift(2)
    give_code(client, code_at(NOON))
    assert [outcome for outcome, _ in written()] == [
        "wrong-password",
        "password-ok",
        "wrong-code",
        "code-too-soon",
        "ok",
    ]


def test_recovery_codes_leave_the_same_traces(app, carla, clock):
    code = StaffRecoveryCode.renew(carla, NOON)[0]
    client = Client()
    give_password(client)
    client.post(RECOVERY, {"code": "AAAAA-AAAAA"})
    client.post(RECOVERY, {"code": code})
    clock.shift(2)
    assert client.post(RECOVERY, {"code": code}).status_code == 302
    assert [outcome for outcome, _ in written()] == ["password-ok", "wrong-code", "code-too-soon", "ok"]


def test_five_wrong_codes_after_the_right_password_are_an_alarm(app, carla, clock):
    client = Client()
    give_password(client)
    for _ in range(5):
        give_code(client, wrong_code())
        clock.shift(60)
    assert [outcome for outcome, _ in written()] == ["password-ok", *["wrong-code"] * 4, "codes-guessed"]
    assert "codici sbagliati di seguito dopo la password giusta di carla" in Entry.objects.get().sentence
    assert traces.alarms(datetime.now(UTC)).locks == 1


def test_the_guesses_of_an_open_browser_are_written_too(carla_client, clock):
    page = "/operatori/mio-accesso/"
    carla_client.post(f"{page}codici/", {"code": "000000"})
    fields = {"password": "sbagliata", "new_password": "cavallo pila lampada", "code": "000000"}
    carla_client.post(f"{page}password/", fields)
    clock.shift(90)
    carla_client.post(f"{page}password/", fields | {"password": PASSWORD})
    assert [outcome for outcome, _ in written()] == ["wrong-code", "wrong-password", "password-ok", "wrong-code"]


def test_the_log_has_a_keyed_name_and_the_place_and_no_secret(app, caplog):
    caplog.set_level(logging.INFO, "portal.identity.staff.traces")
    give_password(Client(REMOTE_ADDR="2001:db8::7"), "segreta-sbagliata")
    give_password(Client(REMOTE_ADDR="2001:db8::8"), "segreta-sbagliata", " CARLA")
    give_password(Client(REMOTE_ADDR="2001:db8::8"), "segreta-sbagliata", "la-mia-password")
    lines = [record.getMessage() for record in caplog.records if record.name == "portal.identity.staff.traces"]
    assert [line.split(", ")[0] for line in lines] == ["staff login: wrong-password"] * 3
    names = [line.split("account ")[1].split(",")[0] for line in lines]
    assert names[0] == names[1] != names[2]
    assert all(len(name) == 10 for name in names)
    assert all("from 20010db8" in line and line.endswith("::/64") for line in lines)
    for secret in ("segreta", "carla", "CARLA", "la-mia-password"):
        assert secret not in "\n".join(lines)


def test_an_unknown_username_is_not_in_the_journal(app):
    for _ in range(5):
        give_password(Client(), "sbagliata", "la-mia-password-nel-posto-sbagliato")
    line = Entry.objects.get(verb="staff.locked_out")
    assert "un nome utente che non esiste" in line.sentence
    assert "la-mia-password" not in str(Entry.objects.values().get())


def test_the_chain_holds_and_a_record_changed_afterwards_breaks_it(app, clock):
    give_password(Client(), "sbagliata")
    LOGINS.seal(NOON)
    give_password(Client(), "sbagliata")  # counted on the sealed record
    assert written() == [("wrong-password", 2)]
    assert LOGINS.verify(NOON).holds
    LoginRecord.objects.update(place_hash="0" * 64)
    assert not LOGINS.verify(NOON).holds


# --- a flood adds to the counts, not to the rows


def test_one_place_that_tries_hundreds_of_accounts_makes_few_records(app):
    client = Client(REMOTE_ADDR="192.0.2.7")
    for number in range(60):
        give_password(client, "sbagliata", f"utente{number}")
    assert LoginRecord.objects.count() == traces.MOST_OF_A_PLACE
    assert LoginRecord.objects.aggregate(n=Sum("times"))["n"] == 60


def test_many_places_together_make_a_bounded_number_of_records(app, monkeypatch):
    monkeypatch.setattr(traces, "MOST_IN_ALL", 10)
    for number in range(15):
        give_password(Client(REMOTE_ADDR=f"192.0.2.{number}"), "sbagliata", f"utente{number}")
    assert LoginRecord.objects.count() == 10
    assert LoginRecord.objects.aggregate(n=Sum("times"))["n"] == 15


def test_the_next_minute_is_another_record(app, clock):
    give_password(Client(), "sbagliata")
    clock.shift(traces.SAME_FOR)
    give_password(Client(), "sbagliata")
    assert written() == [("wrong-password", 1)] * 2


# --- «Da seguire»


@pytest.mark.parametrize(("accounts", "is_told"), [(4, False), (5, True)])
def test_many_accounts_from_one_place_are_told(app, operator, accounts, is_told):
    for number in range(accounts):
        give_password(Client(REMOTE_ADDR="192.0.2.7"), "sbagliata", f"utente{number}")
    page = operator("sicurezza").get(STATUS).content.decode()
    assert ("5 nomi utente diversi da uno stesso luogo" in page) == is_told
    assert traces.alarms(NOON + timedelta(hours=1)) == traces.DoorAlarms()


@pytest.mark.parametrize(("places", "is_told"), [(4, False), (5, True)])
def test_one_account_from_many_places_is_told(app, operator, places, is_told):
    for number in range(places):
        give_password(Client(REMOTE_ADDR=f"192.0.2.{number}"), "sbagliata")
    page = operator("sicurezza").get(STATUS).content.decode()
    assert ("uno stesso nome utente da 5 luoghi diversi" in page) == is_told
    regional = operator("sicurezza", limited_to=["042"]).get(STATUS).content.decode()
    assert "uno stesso nome utente" not in regional


def test_only_sicurezza_gets_the_link(app, operator):
    for _ in range(5):
        give_password(Client(), "sbagliata")
    assert "/operatori/registro/?tipo=operatori" in operator("sicurezza").get(STATUS).content.decode()
    assert "/operatori/registro/?tipo=operatori" not in operator("lettura").get(STATUS).content.decode()
