"""«Incarichi da chiudere»: the ends that a file has too many of wait for an operator of the territory."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from pharmacies.files.lock import ImportUnderWay
from pharmacies.models import Office
from pharmacies.people import endings
from portal.journal.models import Entry
from tests.conftest import ANNA, make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS

PAGE = "/operatori/incarichi/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting() -> list[Office]:
    return [
        Office.objects.create(
            pharmacy=make_pharmacy(str(n), f"Numero {n}", region_code="042" if n < 7 else "010"), codice_fiscale=ANNA,
            role="titolare", since=NOW - timedelta(days=90), source="file", ending_waits=date(2026, 11, 30),
            absent_since=date(2026, 11, 20) if n == 1 else None,
        )
        for n in range(1, 8)
    ]  # fmt: skip


def elenco(client) -> str:
    return re.search(r'name="elenco" value="(\w+)"', client.get(PAGE).content.decode())[1]


def test_the_yes_ends_those_that_were_read(carla_client, carla, waiting) -> None:
    html = carla_client.get(PAGE).content.decode()
    assert "7 incarichi: troppi per crederci" in html
    assert "manca dall’elenco dal 20/11/2026" in html
    assert "lo dice l’elenco" in html
    assert ANNA not in html
    answer = carla_client.post(PAGE, {"motivo": "Cessioni vere", "elenco": elenco(carla_client)}, follow=True)
    assert "7 incarichi chiusi." in answer.content.decode()
    assert set(Office.objects.values_list("until", "ending_waits", "source")) == {
        (datetime(2026, 11, 30, 23, tzinfo=UTC), None, "file")
    }
    assert Entry.objects.filter(verb="office.ended", actor=carla, detail__because="Cessioni vere").count() == 7
    assert "Nessun incarico aspetta" in carla_client.get(PAGE).content.decode()


def test_a_list_that_changed_meanwhile_is_read_again_first(carla_client, waiting) -> None:
    read = elenco(carla_client)
    Office.objects.filter(pk=waiting[0].pk).update(ending_waits=date(2026, 12, 1))
    answer = carla_client.post(PAGE, {"motivo": "prova", "elenco": read}, follow=True)
    assert "cambiato mentre lo leggevi" in answer.content.decode()
    assert not Office.objects.exclude(until=None).exists()


def test_an_operator_of_a_region_says_yes_to_its_own_only(operator, waiting) -> None:
    client = operator("anagrafica", limited_to=["010"])
    client.post(PAGE, {"motivo": "prova", "elenco": elenco(client)})
    assert list(Office.objects.exclude(until=None)) == [waiting[-1]]


def test_during_an_import_nothing_ends(carla_client, waiting, monkeypatch) -> None:
    read = elenco(carla_client)

    def under_way(*_args: object) -> int:
        raise ImportUnderWay

    monkeypatch.setattr(endings, "confirm", under_way)
    answer = carla_client.post(PAGE, {"motivo": "prova", "elenco": read}, follow=True)
    assert "viene letto proprio adesso" in answer.content.decode()


def test_those_that_wait_stand_in_da_seguire(carla_client, operator, waiting) -> None:
    assert "L’elenco chiude 7 incarichi in una volta" in carla_client.get(STATUS).content.decode()
    assert f'href="{PAGE}"' in carla_client.get(STATUS).content.decode()
    assert f'href="{PAGE}"' not in operator("lettura").get(STATUS).content.decode()
