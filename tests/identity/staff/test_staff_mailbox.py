"""An operator's e-mail address: confirmed by a code, told of what happens to the operator's access."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from portal.identity.models import StaffMailbox, StaffTotp, User
from portal.identity.staff import accounts, mailbox
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from tests.identity.staff.staff_door import PASSWORD, SECRET, code_at, give_code, give_password
from tests.pharmacies.letters import text_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAGE, OWN, STATUS = "/operatori/mio-accesso/email/", "/operatori/mio-accesso/", "/operatori/stato-sessioni/"
ADDRESS, OTHER = "carla.neri@ente.example", "altra@ente.example"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def confirmed_mailbox(carla) -> StaffMailbox:
    """Carla's confirmed mailbox."""
    return StaffMailbox.objects.create(user=carla, address=ADDRESS, confirmed_at=NOON)


def letters() -> list[tuple[str, str]]:
    """Recipient and text of each letter, oldest first."""
    return [(row.recipient, text_of(row)) for row in OutgoingMail.objects.order_by("pk")]


def sent_code() -> str:
    return re.search(r"Codice: (\d{6})", letters()[-1][1])[1]


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "000001"


def test_the_code_that_arrives_confirms_the_address(carla, carla_client):
    carla_client.post(PAGE, {"casella": ADDRESS})
    assert letters()[0][0] == ADDRESS
    assert not mailbox.is_confirmed(carla)
    assert carla_client.post(PAGE, {"codice": f" {sent_code()} "})["Location"] == OWN
    assert (carla.mailbox.address, carla.mailbox.confirmed_at) == (ADDRESS, NOON)
    line = Entry.objects.get(verb="staff.mailbox_confirmed")
    assert ADDRESS not in line.sentence
    assert "ca•••@ente.example" in carla_client.get(OWN).content.decode()


def test_a_code_works_once_and_for_a_quarter_of_an_hour(carla, carla_client, clock):
    carla_client.post(PAGE, {"casella": ADDRESS})
    clock.shift(timedelta(minutes=15))
    assert not mailbox.confirm(carla, sent_code(), datetime.now(UTC))
    mailbox.name(carla, ADDRESS, datetime.now(UTC))
    assert mailbox.confirm(carla, sent_code(), datetime.now(UTC))
    assert not mailbox.confirm(carla, sent_code(), datetime.now(UTC))


def test_five_wrong_codes_end_the_code(carla):
    mailbox.name(carla, ADDRESS, NOON)
    code = sent_code()
    assert [mailbox.confirm(carla, wrong(code), NOON) for _ in range(5)] == [False] * 5
    assert not mailbox.confirm(carla, code, NOON)


def test_the_code_of_one_address_does_not_confirm_another(carla):
    mailbox.name(carla, ADDRESS, NOON)
    code = sent_code()
    mailbox.name(carla, OTHER, NOON)
    assert code == sent_code() or not mailbox.confirm(carla, code, NOON)


def test_the_sixth_code_within_an_hour_is_not_sent(carla, carla_client, clock):
    for _ in range(5):
        carla_client.post(PAGE, {"casella": ADDRESS})
    page = carla_client.post(PAGE, {"casella": OTHER}).content.decode()
    assert "Troppi tentativi. Riprova dalle 14:00" in page  # Italian time
    assert len(letters()) == 5
    mailbox.name(carla, OTHER, NOON + timedelta(hours=1))
    assert len(letters()) == 6


@pytest.mark.parametrize("typed", ["", "carla", "a@b", "a@b.it\nBcc: x@y.it", "x" * 250 + "@ente.it"])
def test_something_that_is_no_address_gets_no_code(carla_client, typed):
    assert "<title>Errore:" in carla_client.post(PAGE, {"casella": typed}).content.decode()
    assert letters() == []


def test_the_earlier_address_gets_the_news_until_the_new_one_is_confirmed_and_is_told(carla, confirmed_mailbox):
    mailbox.name(carla, OTHER, NOON)
    code = sent_code()
    mailbox.tell(carla, "Prova", "Prova.", NOON)
    assert letters()[-1][0] == ADDRESS
    mailbox.confirm(carla, code, NOON)
    assert letters()[-1][0] == ADDRESS
    assert "vanno da ora a un altro indirizzo: al•••@ente.example" in letters()[-1][1]
    mailbox.tell(carla, "Prova", "Prova.", NOON)
    assert letters()[-1][0] == OTHER


def test_an_address_that_nobody_confirmed_is_told_nothing(carla):
    mailbox.name(carla, ADDRESS, NOON)
    mailbox.tell(carla, "Prova", "Prova.", NOON)
    assert len(letters()) == 1


# --- what the operator is told


def test_a_reset_is_told_to_the_operator(carla, confirmed_mailbox):
    ada = User.objects.create_staff("ada", "una password lunga", roles=["amministrazione"])
    password = accounts.reset(carla, ada, "telefono perso", NOON)
    (recipient, text) = letters()[0]
    assert recipient == ADDRESS
    assert "ha azzerato la tua password e il tuo secondo fattore" in text
    assert password not in text


def test_new_roles_are_told_and_new_names_are_not(carla, confirmed_mailbox):
    ada = User.objects.create_staff("ada", "una password lunga", roles=["amministrazione"])
    roles = sorted(carla.roles)
    carla.given_name = "Carlotta"
    accounts.change(carla, roles, [], ada, NOON, whole_nation=True)
    assert letters() == []
    accounts.change(carla, ["lettura"], [], ada, NOON, whole_nation=True)
    assert "ora lettura; tutta l’Italia" in letters()[0][1]


def test_a_new_app_and_a_new_password_are_told(carla, confirmed_mailbox, clock):
    client = Client()
    give_password(client)
    app = StaffTotp.waiting_for(carla)
    secret = unseal(app.sealed_secret)
    client.get("/operatori/accesso/attiva/")
    client.post("/operatori/accesso/attiva/", {"code": code_at(NOON, secret)})
    assert "registrata un’app di autenticazione" in letters()[-1][1]
    clock.shift(30)
    fields = {"password": PASSWORD, "new_password": "cavallo pila lampada", "code": code_at(datetime.now(UTC), secret)}
    client.post(f"{OWN}password/", fields)
    assert "La tua password è cambiata" in letters()[-1][1]


def test_a_login_from_a_new_place_is_told_once_and_the_first_is_not(carla, confirmed_mailbox, clock):
    StaffTotp.enrol(carla, SECRET)

    def comes_in(place: str) -> None:
        clock.shift(60)
        client = Client(REMOTE_ADDR=place)
        give_password(client)
        assert give_code(client, code_at(datetime.now(UTC))).status_code == 302

    comes_in("192.0.2.7")
    comes_in("192.0.2.7")
    assert letters() == []
    comes_in("198.51.100.9")
    comes_in("198.51.100.9")
    assert len(letters()) == 1
    assert "rete 198.51.100.9" in letters()[0][1]


# --- asked for


def test_the_login_asks_for_an_address_and_lets_the_operator_go_on(carla, clock):
    StaffTotp.enrol(carla, SECRET)
    client = Client()
    give_password(client, next=STATUS)
    assert give_code(client, code_at(NOON))["Location"] == STATUS
    assert "Aggiungi il tuo indirizzo e-mail" in client.get(STATUS).content.decode()


def test_an_administration_may_demand_it(settings, carla, carla_client):
    settings.STAFF_REQUIRE_EMAIL = True
    assert carla_client.get(STATUS)["Location"] == PAGE
    assert carla_client.get(OWN).status_code == 200
    StaffMailbox.objects.create(user=carla, address=ADDRESS, confirmed_at=NOON)
    assert carla_client.get(STATUS).status_code == 200
