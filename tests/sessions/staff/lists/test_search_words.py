"""A pharmacy is found by the words on the page and by words spoken on the phone, in any spelling."""

import re
from html import unescape
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pharmacies.models import Pharmacy
from portal.journal.models import record
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, letter_for, rows, words
from tests.sessions.staff.lists.test_search import search


@pytest.fixture
def nation(db, utenza):
    """One pharmacy for each difficulty, among others. Anna's is San Marco of Trento, userId UVANNA01."""
    make_pharmacy("11", "Santa Chiara", comune="FORLI'", partita_iva="00987654321")
    make_pharmacy("12", "SANT'ANNA", comune="CANTU'", partita_iva="")
    make_pharmacy("13", "Dei Mòcheni", comune="Palù del Fersina", partita_iva="11122233344")
    make_pharmacy("14", "Centrale", comune="CITTA' SANT'ANGELO", partita_iva="")
    make_pharmacy("92", "Alla Torre", comune="Merano", partita_iva="55566677788")
    make_pharmacy("920", "Al Ponte", comune="Merano", partita_iva="")
    make_pharmacy("9201", "Al Lago", comune="Merano", partita_iva="")


def found(client, typed: str) -> list[str]:
    """The codes of the rows, in their order."""
    html = client.get(search(client, typed, stato="tutte")["Location"]).content.decode()
    return codes(html)


def codes(html: str) -> list[str]:
    return [re.search(r"(P?\d+) · ", row)[1] for row in rows(html)]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Farmacia Santa Chiara", "11"), ("forlì", "11"), ("forli", "11"), ("FORLI'", "11"), ("Forlì’", "11"),
        ("cantù", "12"), ("CANTU'", "12"), ("Sant’Anna", "12"), ("sant'anna", "12"), ("sant anna", "12"), ("santanna", "12"),
        ("mocheni", "13"), ("mòcheni", "13"), ("MÒCHENI palu", "13"), ("farmacia mo\u0300cheni", "13"),
        ("UVANNA01", "4512"), ("uvanna01", "4512"), ("UVANNA01 trento", "4512"),
        ("987654321", "11"), ("00987654321", "11"), ("0987654321", "11"), ("IT00987654321", "11"), ("98765", "11"),
        ("00987", "11"), ("111222", "13"), ("\u200bcantù\ufeff", "12"), ("SANT’ANNA", "12"), ("Sant‘Anna", "12"), ("città", "14"), ("citta'", "14"),
        ("CITTA’ sant’angelo", "14"), ("Farmacia Sant’Anna cantu", "12"),
    ],
)  # fmt: skip
def test_it_is_found_however_it_is_written(carla_client, nation, typed, code):
    assert found(carla_client, typed) == [code]


@pytest.mark.parametrize("typed", ["92", "0092", "９２"])
def test_a_whole_code_stands_before_those_that_begin_with_it(carla_client, nation, give_id, typed):
    assert found(carla_client, typed) == ["92", "9201", "920"]  # then by name
    give_id(make_pharmacy("925", "Con un ID", partita_iva=""))
    assert found(carla_client, typed) == ["92", "925", "9201", "920"]


def test_a_whole_code_is_said_once_over_all_the_pages(carla_client, nation, give_id):
    for n in range(9300, 9330):
        make_pharmacy(str(n), f"Numero {n}", partita_iva="")
    make_pharmacy("93", "Zeta", partita_iva="")
    page = carla_client.get(f"{STATUS}?cerca=93&stato=tutte").content.decode()
    assert codes(page)[0] == "93"
    assert len(rows(page)) == 26

    after = unquote(re.search(r"dopo=([^\"&]+)", page)[1])
    last = carla_client.get(f"{STATUS}?cerca=93&stato=tutte&dopo={after}").content.decode()
    assert len(rows(last)) == 5
    assert "93" not in codes(last)


def test_a_whole_code_outside_the_territory_or_the_choice_is_not_shown(carla_client, operator, nation):
    assert found(operator("lettura", limited_to=["010"]), "92") == []
    assert rows(carla_client.get(f"{STATUS}?cerca=92").content.decode()) == []  # none of them has an ID today


def test_a_search_that_finds_nothing_in_its_state_says_how_many_there_are_among_all(carla_client, nation):
    html = carla_client.get(search(carla_client, "92")["Location"]).content.decode()
    assert rows(html) == []
    assert "tra tutte le farmacie sì: 3 farmacie" in words(html)
    link = re.search(r'<a href="(\?[^"]*)">3 farmacie</a>', html)[1]
    assert codes(carla_client.get(f"{STATUS}{unescape(link)}").content.decode()) == ["92", "9201", "920"]


def test_the_words_are_looked_up_once_for_the_whole_page(carla_client, nation):
    with CaptureQueriesContext(connection) as captured:
        assert carla_client.get(f"{STATUS}?cerca=merano&stato=tutte").status_code == 200
    assert len([query for query in captured if "LIKE" in query["sql"] and "found_by" in query["sql"]]) == 1


def test_signs_alone_find_nothing_and_beside_words_they_do_not_count(carla_client, nation):
    assert found(carla_client, "%") == []
    assert found(carla_client, "& _") == []
    assert found(carla_client, "santa & chiara") == ["11"]


@pytest.fixture
def parafarmacie(nation):
    for code, name in (("P92", "Sanital"), ("P920", "Benessere"), ("P20001", "Alla Posta")):
        make_pharmacy(code, name, comune="Merano", partita_iva="", type=Pharmacy.Type.PARAFARMACIA)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("20001", ["P20001"]), ("020001", ["P20001"]), ("P20001", ["P20001"]), ("p20001", ["P20001"]),
        ("2000", ["P20001"]), ("P2000", ["P20001"]), ("20001 merano", ["P20001"]), ("parafarmacia posta", ["P20001"]),
        ("92", ["92", "9201", "920", "P920", "P92"]), ("P92", ["P92", "P920"]),
    ],
)  # fmt: skip
def test_a_parafarmacia_is_found_by_its_code_with_and_without_the_p(carla_client, parafarmacie, typed, expected):
    assert found(carla_client, typed)[:1] == expected[:1]
    assert sorted(found(carla_client, typed)) == sorted(expected)


def test_the_pharmacy_stands_first_and_the_parafarmacia_when_no_pharmacy_has_the_number(
    carla_client, parafarmacie, give_id
):
    give_id(Pharmacy.objects.get(code="P92"))
    assert found(carla_client, "92")[0] == "92"
    assert found(carla_client, "920")[0] == "920"
    make_pharmacy("200010", "Prima per nome", partita_iva="")
    assert found(carla_client, "20001")[0] == "P20001"


def test_the_code_of_a_parafarmacia_is_no_personal_datum_and_may_stand_in_a_url(carla_client, parafarmacie):
    assert search(carla_client, "P20001")["Location"] == f"{STATUS}?cerca=P20001"
    assert codes(carla_client.get(f"{STATUS}?cerca=p20001&stato=tutte").content.decode()) == ["P20001"]


@pytest.mark.parametrize("typed", ["20001", "P20001", "p20001", "020001"])
@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("registro", "ha chiuso la parafarmacia dal 29/02/2024"),
        ("posta", "Alla Posta"),
        ("archivio/farmacie", "Alla Posta"),
    ],
)
def test_every_filter_by_code_takes_the_code_of_a_parafarmacia(operator, parafarmacie, page, shown, typed):
    site = Pharmacy.objects.get(code="P20001")
    letter_for(site, "banco@farmacia.example", NOW)
    record("register.closed", now=NOW, about=site.code, since="29/02/2024", why="prova", noun=site.noun)
    client = operator("sicurezza", "amministrazione", "assistenza")
    assert shown in client.get(f"/operatori/{page}/?farmacia={typed}").content.decode()
    assert shown not in client.get(f"/operatori/{page}/?farmacia=20002").content.decode()
