"""The desk decides on requests of a role: its territory only, beside the register's data, once."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from pharmacies.models import Office, RoleRequest
from pharmacies.people import role_requests
from pharmacies.people.role_requests import Wanted
from portal.journal.models import Entry
from tests.conftest import DARIO
from tests.pharmacies.pages import content

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
LIST = "/operatori/richieste/"


@pytest.fixture
def row(dario, san_marco) -> RoleRequest:
    return role_requests.ask(dario, Wanted("4512", "direttore", date(2026, 11, 1), "01234567897"), NOW)


def page_of(row: RoleRequest) -> str:
    return reverse("staff:role_request", args=[row.pk])


APPROVAL = {
    "fai": "accogli", "accogli-ruolo": "direttore", "accogli-dal": "2026-11-01", "accogli-al": "",
    "accogli-protocollo": "77/2026", "accogli-motivo": "Nomina vista",
}  # fmt: skip


def test_the_desk_is_led_to_the_request_and_sees_the_register_beside_it(carla_client, row, anna):
    assert "Una persona chiede di risultare titolare o direttore" in content(
        carla_client.get("/operatori/stato-sessioni/")
    )
    assert page_of(row) in content(carla_client.get(LIST))
    page = content(carla_client.get(page_of(row)))
    for shown in (DARIO, "Corrisponde", "01234567897", "RSS•••••••••501L", "titolare dal 01/01/2020"):
        assert shown in page


def test_an_approval_gives_the_office_and_leaves_the_list(carla_client, row):
    answer = content(carla_client.post(page_of(row), APPROVAL, follow=True))
    assert "Richiesta accolta: direttore di Farmacia San Marco" in answer
    office = Office.objects.get(codice_fiscale=DARIO)
    assert (office.protocol, office.because) == ("77/2026", "Nomina vista")
    assert page_of(row) not in content(carla_client.get(LIST))
    assert "Nomina vista" in content(carla_client.get(page_of(row)))
    assert "già stata decisa" in content(carla_client.post(page_of(row), APPROVAL, follow=True))


@pytest.mark.parametrize(
    "wrong", [{"accogli-motivo": ""}, {"accogli-dal": ""}, {"accogli-al": "2026-10-01"}, {"accogli-ruolo": "delegate"}]
)
def test_a_form_with_an_error_gives_nothing(carla_client, row, wrong):
    assert "C’è un problema" in content(carla_client.post(page_of(row), APPROVAL | wrong))
    assert not Office.objects.filter(codice_fiscale=DARIO).exists()


def test_an_office_that_exists_is_said_and_the_request_stays(carla_client, row, san_marco):
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role="direttore", since=NOW)
    assert "ha già lo stesso incarico" in content(carla_client.post(page_of(row), APPROVAL))
    row.refresh_from_db()
    assert row.is_open


@pytest.mark.parametrize("name", [("Dario", "Verdi"), ("DARIO", "VERDI"), ("Darìo ", "verdi")])
def test_nobody_approves_a_request_of_their_own_name(carla_client, carla, row, name):
    carla.given_name, carla.family_name = name
    carla.save()
    assert "lo registra un altro operatore" in content(carla_client.post(page_of(row), APPROVAL))
    row.refresh_from_db()
    assert row.is_open
    assert not Office.objects.filter(codice_fiscale=DARIO).exists()


def test_a_refusal_needs_its_reason(carla_client, row):
    assert "Scrivi il motivo" in content(carla_client.post(page_of(row), {"fai": "respingi", "rifiuta-motivo": " "}))
    answer = carla_client.post(page_of(row), {"fai": "respingi", "rifiuta-motivo": "manca l’atto."}, follow=True)
    assert "Richiesta respinta" in content(answer)
    row.refresh_from_db()
    assert (row.is_refused, row.because) == (True, "manca l’atto")
    assert Entry.objects.get(verb="request.refused").detail["because"] == "manca l’atto"


def test_a_request_belongs_to_the_territory_of_its_pharmacy(operator, row):
    here, elsewhere = operator("anagrafica", limited_to=["042"]), operator("anagrafica", limited_to=["010"])
    assert page_of(row) in content(here.get(LIST))
    assert here.get(page_of(row)).status_code == 200
    assert page_of(row) not in content(elsewhere.get(LIST))
    assert elsewhere.post(page_of(row), APPROVAL).status_code == 404
    assert "chiede di risultare" not in content(elsewhere.get("/operatori/stato-sessioni/"))


def test_a_code_that_no_pharmacy_has_is_seen_by_the_whole_nation_and_only_refused(carla_client, operator, dario):
    row = role_requests.ask(dario, Wanted("9999", "titolare", date(2026, 11, 1), "01234567897"), NOW)
    assert operator("anagrafica", limited_to=["042"]).get(page_of(row)).status_code == 404
    assert "la richiesta si può solo respingere" in content(carla_client.get(page_of(row)))
    carla_client.post(page_of(row), APPROVAL)
    assert not Office.objects.exists()


def test_an_address_without_a_confirmation_in_time_is_followed_by_the_desk(carla_client, certified, anna, san_marco):
    Office.objects.filter(pharmacy=san_marco).update(until=datetime(2021, 1, 1, tzinfo=UTC))
    certified.certified_at = certified.requested_at = datetime(2020, 5, 1, tzinfo=UTC)
    certified.save()
    page = content(carla_client.get("/operatori/stato-sessioni/"))
    assert "dal 01/01/2021 nessun titolare o direttore in carica lo ha confermato" in page
    certified.refresh_from_db()
    assert certified.is_current
    page = content(carla_client.get("/operatori/stato-sessioni/4512/"))
    assert "Da confermare dal 01/01/2021, entro il 31/01/2021" in page
    assert "La farmacia non ha un titolare o un direttore in carica" in page


def test_a_titolare_since_before_2000_can_be_approved(carla_client, row):
    answer = carla_client.post(page_of(row), APPROVAL | {"accogli-dal": "1985-03-01"}, follow=True)
    assert "Richiesta accolta" in content(answer)
    assert Office.objects.get(codice_fiscale=DARIO).since.year == 1985
