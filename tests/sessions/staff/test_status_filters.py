"""Looking for pharmacies on «Stato delle sessioni»: filters and pages live in the URL, and never break."""

import re
from datetime import timedelta

import pytest

from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, rows, words

HOUR = timedelta(hours=1)


def test_pharmacies_that_never_asked_are_found_by_their_filter(page, give_id):
    give_id(left=-40 * HOUR, name="Vecchia")
    make_pharmacy("1", "Nuova")

    assert [row.split()[1] for row in rows(page("stato=mai-richiesto"))] == ["Nuova"]
    html = page("stato=senza-id")
    assert [row.split()[1] for row in rows(html)] == ["Nuova", "Vecchia"]
    assert "2 farmacie, in ordine di nome." in words(html)


def test_all_pharmacies_come_with_those_of_today_first(page, give_id):
    make_pharmacy("1", "Alba")
    give_id(name="Zeta")

    assert [row.split()[1] for row in rows(page("stato=tutte"))] == ["Zeta", "Alba"]


def test_a_closed_pharmacy_is_not_among_all(page, db):
    make_pharmacy("1", "Chiusa", closed_on=NOW.date() - timedelta(days=30))

    assert rows(page("stato=tutte")) == []


@pytest.mark.parametrize(
    "typed", ["redentore", "AL REDENTORE", "1877", "01877", "rovereto", "red rov", "  redentore  "]
)
def test_a_pharmacy_is_found_by_name_code_and_comune(page, give_id, al_redentore, typed):
    give_id(al_redentore)
    give_id(name="Dolomiti")

    assert [row.split()[2] for row in rows(page(f"cerca={typed}"))] == ["Redentore"]


def test_an_accented_comune_is_found_however_it_is_typed(page, give_id):
    give_id(make_pharmacy("77", "Mazzini", comune="FORLÌ", province="FC"))

    assert len(rows(page("cerca=forlì"))) == 1


def test_a_percent_sign_is_looked_for_as_it_is(page, give_id):
    give_id()

    assert rows(page("cerca=%25")) == []


def test_the_province_narrows_the_list(page, give_id):
    give_id(make_pharmacy("77", "Mazzini", comune="BOLZANO", province="BZ"))
    give_id()

    html = page("provincia=BZ")

    assert [row.split()[1] for row in rows(html)] == ["Mazzini"]
    assert '<option value="BZ" selected>' in html


def test_what_was_asked_stays_in_the_form(page, db):
    assert 'value="san &amp; marco"' in page("cerca=san+%26+marco")


def test_a_search_that_finds_nothing_says_so_and_offers_a_way_back(page, give_id):
    give_id()

    html = page("cerca=inesistente")

    assert "Nessuna farmacia corrisponde" in html
    assert re.search(rf'<a href="{STATUS}">Azzera i filtri</a>', html)


def test_a_day_without_ids_says_so(page, db):
    assert "Nessun ID SESSIONE oggi" in page()


@pytest.mark.parametrize(
    "query",
    ["stato=boh", "provincia=ZZ", "cerca=%01", f"cerca={'a' * 500}", "stato=attive&stato=%01", "pagina=%01", "x[]=1"],
)
def test_a_filter_that_makes_no_sense_is_left_out(page, give_id, query):
    give_id()

    assert len(rows(page(query))) == 1


def test_a_filter_that_makes_no_sense_is_told(page, db):
    html = page("stato=boh")

    assert "<title>Errore: " in html
    assert 'href="#id_stato"' in html


def test_a_search_of_what_is_not_text_is_told_in_plain_words(page, db):
    assert "La ricerca contiene caratteri non validi." in page("cerca=%01")


@pytest.mark.parametrize(("asked", "shown"), [("0", 2), ("-1", 2), ("99", 2), ("due", 1), ("", 1), ("9" * 5000, 1)])
def test_a_page_that_does_not_exist_gives_one_that_does(page, give_id, asked, shown):
    for number in range(26):
        give_id(name=f"Numero {number}")

    assert f"26 farmacie, dalla più urgente. Pagina {shown} di 2." in words(page(f"pagina={asked}"))


def test_pages_lose_nobody_and_repeat_nobody(page, give_id):
    for number in range(30):
        give_id(left=9 * HOUR, name=f"Con {number:02}")
        make_pharmacy(str(number + 1), f"Senza {number:02}")

    pages = [[tuple(row.split()[1:3]) for row in rows(page(f"stato=tutte&pagina={n}"))] for n in (1, 2, 3)]

    assert [len(found) for found in pages] == [25, 25, 10]
    assert len({row for found in pages for row in found}) == 60


def test_links_to_other_pages_keep_the_filters(page, give_id):
    for _ in range(26):
        give_id()

    assert "cerca=dolomiti&amp;pagina=2" in page("cerca=dolomiti&pagina=1")
