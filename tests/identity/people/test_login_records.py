"""The login records: request and response, sealed, chained, readable only with a reason."""

import base64
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from lxml import etree
from prometheus_client import REGISTRY

from portal.identity.models import LOGINS, LoginRecord, LoginTransaction
from portal.identity.people.login import REFUSALS_WRITTEN
from portal.identity.providers.saml.request import carried_by
from portal.identity.tasks import purge_logins
from portal.journal.models import Entry
from tests.conftest import ANNA
from tests.identity import door

pytestmark = pytest.mark.django_db

SEARCH = "/operatori/accessi/"
WHY = {"codice_fiscale": ANNA, "motivo": "Richiesta 12/2026 della Procura."}


@pytest.fixture
def entered(client, anna) -> dict[str, str]:
    """Anna is signed in; the response that signed her in."""
    fields = door.begin(client)
    assert client.post(door.answer_url(), fields).status_code == 302
    return fields


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("portal_logins_total", {"method": "spid", "outcome": outcome}) or 0


# --- writing


def test_the_question_and_the_answer_are_kept_as_they_were(entered) -> None:
    [record] = LoginRecord.objects.all()
    assert record.response == base64.b64decode(entered["SAMLResponse"])
    question = etree.fromstring(carried_by(record.request.decode()))
    assert question.get("ID") == record.request_id == door.document(entered).get("InResponseTo")
    assert record.answer_id == door.document(entered).get("ID")
    assert record.assertion_id
    assert record.issuer.endswith("/prova/identita/spid/")
    assert record.asked_at <= record.at


def test_nothing_of_them_is_in_clear_in_the_database(entered) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select * from identity_loginrecord")
        row = b"".join(
            bytes(cell) if isinstance(cell, memoryview | bytes) else str(cell).encode() for cell in cursor.fetchone()
        )
    assert ANNA.encode() not in row
    assert b"AuthnRequest" not in row
    assert b"Assertion" not in row.replace(b"AssertionConsumer", b"")


def test_the_question_waits_on_the_pending_login_only_until_the_answer(client, anna) -> None:
    fields = door.begin(client)
    assert LoginTransaction.objects.get().sealed_request
    client.post(door.answer_url(), fields)
    assert LoginTransaction.objects.get().sealed_request is None


def test_a_refusal_of_the_provider_is_kept_too(client) -> None:
    client.post(door.answer_url(), door.begin(client, esito="22"))
    record = LoginRecord.objects.get()
    assert (record.outcome, b"ErrorCode nr22" in record.response) == ("22", True)


def test_an_answer_that_nobody_waited_for_is_counted_and_not_written() -> None:
    before = counted("unsolicited")
    Client().post(door.answer_url(), {"RelayState": "x" * 43, "SAMLResponse": "A" * 1000})
    Client().get(door.answer_url())
    assert not LoginRecord.objects.exists()
    assert counted("unsolicited") == before + 2


def test_a_flood_from_one_address_is_not_written_for_ever_and_who_comes_in_from_there_is(client, anna) -> None:
    fields = door.begin(client, esito="25")
    for _ in range(REFUSALS_WRITTEN + 10):  # the same response again and again
        client.post(door.answer_url(), fields)
    assert LoginRecord.objects.count() == REFUSALS_WRITTEN
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    elsewhere.post(door.answer_url(), door.begin(elsewhere, esito="22"))
    assert LoginRecord.objects.latest("pk").outcome == "22"
    door.enter(client)
    assert LoginRecord.objects.latest("pk").outcome == "ok"


def test_an_answer_too_large_to_be_one_is_not_kept(client) -> None:
    fields = door.begin(client)
    huge = base64.b64encode(b"x" * 131_073).decode()
    assert client.post(door.answer_url(), fields | {"SAMLResponse": huge}).status_code == 400
    assert LoginRecord.objects.get().response == b""


# --- the chain


def test_a_record_that_somebody_changes_breaks_the_chain(entered, capsys) -> None:
    LOGINS.seal(timezone.now())
    call_command("verify_logins")
    assert "The chain of the logins holds." in capsys.readouterr().out
    LoginRecord.objects.update(outcome="25")
    with pytest.raises(SystemExit):
        call_command("verify_logins")
    assert "the row was changed" in capsys.readouterr().out


def test_a_record_that_is_taken_away_breaks_the_chain(entered) -> None:
    LOGINS.seal(timezone.now())
    LoginRecord.objects.all().delete()
    assert not LOGINS.verify(timezone.now()).holds


def test_after_24_months_the_record_goes_and_the_chain_holds(entered, time_machine) -> None:
    LOGINS.seal(timezone.now())
    time_machine.move_to(timezone.now() + timedelta(days=731, minutes=1))
    purge_logins()
    assert not LoginRecord.objects.exists()
    assert LOGINS.verify(timezone.now()).holds


# --- search


def test_sicurezza_finds_a_person_with_a_reason_which_stays_in_the_journal(entered, operator) -> None:
    page = operator("sicurezza").post(SEARCH, WHY).content.decode()
    record = LoginRecord.objects.get()
    assert record.assertion_id in page
    assert "&lt;saml:AuthnContextClassRef&gt;" in page
    entry = Entry.objects.get(verb="logins.searched")
    assert entry.detail["because"] == "Richiesta 12/2026 della Procura"
    assert ANNA not in str(entry.detail)


def test_without_a_reason_nothing_is_shown_and_nothing_is_written(entered, operator) -> None:
    page = operator("sicurezza").post(SEARCH, WHY | {"motivo": " "}).content.decode()
    assert "Scrivi il motivo." in page
    assert LoginRecord.objects.get().assertion_id not in page
    assert not Entry.objects.filter(verb="logins.searched").exists()


def test_looking_for_nobody_is_written_down_too(operator, db) -> None:
    page = operator("sicurezza").post(SEARCH, WHY).content.decode()
    assert "Nessun accesso di questa persona" in page
    assert Entry.objects.filter(verb="logins.searched").exists()


def test_another_person_is_not_shown(entered, operator, dario) -> None:
    page = operator("sicurezza").post(SEARCH, WHY | {"codice_fiscale": dario.codice_fiscale}).content.decode()
    assert LoginRecord.objects.get().assertion_id not in page


@pytest.mark.parametrize("role", ["lettura", "assistenza", "amministrazione"])
def test_no_other_role_may_look(entered, operator, role) -> None:
    assert operator(role).post(SEARCH, WHY).status_code == 403
    assert not Entry.objects.filter(verb="logins.searched").exists()


def test_the_codice_fiscale_is_not_taken_from_an_address(entered, operator) -> None:
    page = operator("sicurezza").get(SEARCH, WHY).content.decode()
    assert "Accessi trovati" not in page
