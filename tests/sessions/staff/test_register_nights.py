"""The nights of the national register, for the staff: the page and «Da seguire»."""

from datetime import date, timedelta

import pytest

from pharmacies.files.completeness import FLAWS
from pharmacies.models import RegisterImport, RegisterSource
from pharmacies.models.register_source import NightOutcome
from sessions.staff.register_nights import outcome_words
from tests.sessions.staff.conftest import NOW, STATUS, words

PAGE = "/operatori/registro-nazionale/"
TODAY = date(2026, 11, 23)
LAST_NIGHT = NOW - timedelta(hours=12)
pytestmark = pytest.mark.django_db


@pytest.fixture
def night(settings):
    """A configured register: the day of its last whole file, and what the last night did."""

    def of(days_old: int | None = 0, outcome: str = "imported", **fields) -> RegisterSource:
        settings.REGISTER_FARMACIE_URL = "https://dati.example/farmacie/"
        if days_old is not None:
            day = TODAY - timedelta(days=days_old)
            RegisterImport.objects.create(
                at=LAST_NIGHT - timedelta(days=days_old), file=f"FRM_FARMA_5_{day:%Y%m%d}.csv", day=day, rows=1, unnamed=0,
                pharmacies=1,
            )  # fmt: skip
        return RegisterSource.objects.create(
            register="farmacie",
            outcome=outcome,
            checked_at=LAST_NIGHT,
            next_check_at=NOW + timedelta(hours=12),
            **fields,
        )

    return of


def test_the_page_says_that_nothing_was_read_from_a_file(carla_client):
    assert "Nessun registro è stato letto da un file" in words(carla_client.get(PAGE).content.decode())


def test_a_new_file_is_on_the_page_and_not_to_follow(carla_client, night):
    night(0, file="FRM_FARMA_5_20261123.csv")
    page = words(carla_client.get(PAGE).content.decode())
    assert "Farmacie Aggiornato 23/11/2026, di oggi FRM_FARMA_5_20261123.csv" in page
    assert "Oggi 02:32: letto un file nuovo, FRM_FARMA_5_20261123.csv." in page
    assert "24/11/2026 02:32" in page
    assert "Registro nazionale: farmacie" not in words(carla_client.get(STATUS).content.decode())


def test_a_stale_register_is_to_follow_and_the_page_says_why(carla_client, night):
    night(4, "refused", status=403, failing_since=LAST_NIGHT - timedelta(days=3))
    assert "Registro nazionale: farmacie Fermo al 19/11/2026" in words(carla_client.get(STATUS).content.decode())
    page = words(carla_client.get(PAGE).content.decode())
    assert "Fermo 19/11/2026, di 4 giorni fa" in page
    assert (
        "il sito rifiuta il portale (risposta 403). Chi gestisce il sistema può cambiare REGISTER_USER_AGENT." in page
    )
    assert "Non riesce da: 20/11 02:32." in page


def test_a_night_that_failed_is_to_follow_until_a_whole_file_comes(carla_client, night):
    night(1, "not_whole", flaw="shorter", failing_since=LAST_NIGHT)
    assert "Nell’ultima notte non è arrivato un file intero" in words(carla_client.get(STATUS).content.decode())
    assert "lo scaricamento si è interrotto" in words(carla_client.get(PAGE).content.decode())
    RegisterImport.objects.create(at=NOW, file="registro.csv", day=TODAY, rows=1, unnamed=0, pharmacies=1)
    assert "Nell’ultima notte" not in words(carla_client.get(STATUS).content.decode())


def test_a_register_that_never_came_is_to_follow(carla_client, night):
    night(None, "not_reached", failing_since=LAST_NIGHT)
    assert "Non è mai stato letto un file intero." in words(carla_client.get(STATUS).content.decode())
    assert "mai letto" in words(carla_client.get(PAGE).content.decode())


def test_a_register_that_operators_import_says_so(carla_client):
    RegisterImport.objects.create(at=NOW, file="registro.csv", day=TODAY, rows=1, unnamed=0, pharmacies=1)
    assert "Il portale non lo cerca da solo" in words(carla_client.get(PAGE).content.decode())


@pytest.mark.parametrize("outcome", NightOutcome.values)
@pytest.mark.parametrize("flaw", ["", *FLAWS])
def test_every_outcome_has_a_sentence(outcome, flaw):
    said = outcome_words(RegisterSource(outcome=outcome, flaw=flaw, status=404, file="FRM_FARMA_5_20261123.csv"))
    assert said.endswith(".")
    assert "%" not in said
    assert "None" not in said
