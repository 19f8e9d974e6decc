"""Filters and pages of «Stato delle sessioni» live in the URL, and no URL breaks the page."""

import re
from datetime import timedelta
from html import unescape

import pytest

from pharmacies.models import Pharmacy, Utenza
from sessions.models import IdSessione
from sessions.staff.lists.pharmacy_listing import Key
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, counter, rows, utenza_of, words

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
    "typed",
    ["redentore", "AL REDENTORE", "1877", "01877", "rovereto", "red rov", "  redentore  ", "09876543210", "09876"],
)
def test_a_pharmacy_is_found_by_name_code_comune_and_partita_iva(page, give_id, al_redentore, typed):
    al_redentore.partita_iva = "09876543210"
    al_redentore.save()
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
    [
        "stato=boh",
        "provincia=ZZ",
        "cerca=%01",
        f"cerca={'a' * 500}",
        "stato=attive&stato=%01",
        "regione=%01",
        "x[]=1",
        "consegna=boh",
        "certificazione=boh",
        "asl=1",
        "dopo=%01",
        "dopo=1.2",
        "dopo=1..3",
        "prima=9.9.9",
        "chiave=boh",
        f"dopo=1.{'9' * 30}.1",
        f"dopo=1.1.{'9' * 30}",
        "dopo=-1.-1.-1",
        "auto=boh",
        "auto=1",
        f"dopo={'9' * 5000}.1.1",
    ],
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


def neighbour(html: str, rel: str) -> str | None:
    found = re.search(rf'href="\?([^"]*)" rel="{rel}"', html)
    return unescape(found[1]) if found else None


def names(html: str) -> list[str]:
    return [" ".join(row.split()[1:3]) for row in rows(html)]


def walk(page, query: str, rel: str) -> list[list[str]]:
    """The names on each page, starting with this one."""
    found = []
    while query is not None:
        html = page(query)
        found.append(names(html))
        query = neighbour(html, rel)
    return found


@pytest.fixture
def sixty(give_id) -> None:
    """Pharmacies of every segment, half without an id; many end at the same instant, or share a name."""
    for number in range(30):
        left = (9 * HOUR, -HOUR, HOUR / 2, 10 * HOUR)[number % 4]
        give_id(left=left, name=f"Con {number:02}", answer="550 no" if number % 7 == 0 else "250 Ok")
        make_pharmacy(str(number + 1), f"Senza {number // 3:02}")


def test_pages_lose_nobody_and_repeat_nobody(page, sixty):
    pages = walk(page, "stato=tutte", "next")

    assert [len(found) for found in pages] == [25, 25, 10]
    assert len({name for found in pages for name in found if name.startswith("Con")}) == 30
    assert sum(name.startswith("Senza") for found in pages for name in found) == 30


def test_going_back_shows_the_same_pages(page, sixty):
    forth = walk(page, "stato=tutte", "next")
    html = page("stato=tutte")
    for _ in range(2):
        html = page(neighbour(html, "next"))
    back = [names(html)]
    while neighbour(html, "prev"):
        html = page(neighbour(html, "prev"))
        back.append(names(html))

    assert back == forth[::-1]


def test_a_pharmacy_that_becomes_urgent_between_two_pages_repeats_nobody(page, sixty):
    first = page("stato=tutte")
    IdSessione.objects.filter(pharmacy__name="Con 03").update(expires_at=NOW + HOUR / 4)

    assert not set(names(first)) & {name for name in names(page(neighbour(first, "next"))) if name.startswith("Con")}


def test_a_page_whose_rows_are_gone_gives_the_first(page, give_id):
    give_id(name="Rimasta")

    assert len(rows(page(f"dopo={Key(3, NOW + 90 * HOUR, 1)}"))) == 1


def test_links_to_other_pages_keep_the_filters(page, give_id):
    for _ in range(26):
        give_id()

    assert neighbour(page("cerca=dolomiti"), "next").startswith("cerca=dolomiti&dopo=3.")


def test_how_many_is_said_when_it_is_known_and_otherwise_that_there_are_more(page, give_id):
    for _ in range(26):
        give_id()

    assert "26 farmacie, dalla più urgente." in words(page())
    assert "26 farmacie, dalla più urgente." in words(page("cerca=dolomiti"))


def test_a_number_that_would_be_slow_to_count_is_said_as_more_than(page, give_id, monkeypatch):
    for _ in range(26):
        give_id()
    monkeypatch.setattr("sessions.staff.lists.pharmacy_listing.COUNTED", 25)

    assert "Più di 25 farmacie, dalla più urgente." in words(page("cerca=dolomiti"))
    assert "26 farmacie, dalla più urgente." in words(page())  # the counters know it


def test_how_many_of_an_asl_are_not_certified_is_one_filter_and_one_number(page, give_id):
    for number in range(30):
        make_pharmacy(str(number), f"Numero {number:02d}")
        utenza_of(Pharmacy.objects.get(code=str(number)))
    gone = give_id(make_pharmacy("901", "Revocata")).certification
    gone.revoked_at = NOW
    gone.save()
    give_id(make_pharmacy("902", "Certificata"))
    make_pharmacy("903", "Altrove")

    assert "30 farmacie," in words(page("asl=042-001&certificazione=mai"))
    assert "31 farmacie," in words(page("asl=042-001&certificazione=nessuno"))
    assert '<option value="tutte" selected>' in page("asl=042-001&certificazione=mai")


def test_farmacie_and_parafarmacie_are_a_filter(page):
    make_pharmacy("1", "Uno")
    make_pharmacy("P20001", "Due", type=Pharmacy.Type.PARAFARMACIA)

    assert ["Uno" in row for row in rows(page("stato=tutte&tipo=farmacie"))] == [True]
    assert ["Due" in row for row in rows(page("stato=tutte&tipo=parafarmacie"))] == [True]
    assert "1 parafarmacia," in words(page("stato=tutte&tipo=parafarmacie"))


def test_region_and_asl_narrow_the_list_and_the_counters(page, give_id):
    give_id(make_pharmacy("77", "Mazzini", comune="BOLZANO", province="BZ", region_code="041", region="BOLZANO"))
    Utenza.objects.filter(pharmacy__code="77").update(codice_regione="041", codice_asl="201")
    give_id()

    for query in ("regione=041", "asl=041-201", "provincia=BZ", "regione=041&asl=041-201&provincia=BZ"):
        html = page(query)
        assert names(html) == ["Mazzini 77"]
        assert counter(html, "Attive") == 1
        assert f"?stato=attive&amp;{query.split('&')[0]}" in html


def test_delivery_and_certification_narrow_the_list(page, give_id):
    give_id(name="Accettata")
    give_id(name="Attesa", answer=None)
    give_id(name="Rifiutata", answer="550 no")
    gone = give_id(name="Revocata").certification
    gone.revoked_at = NOW
    gone.save()
    broken = give_id(name="Rotta").certification
    broken.undeliverable_at = NOW
    broken.save()
    make_pharmacy("1", "Nuova")

    found = {
        query: sorted(row.split()[1] for row in rows(page(f"stato=tutte&{query}")))
        for query in (
            "consegna=accettata", "consegna=in-attesa", "consegna=rifiutata", "certificazione=certificata",
            "certificazione=non-raggiungibile", "certificazione=revocata", "certificazione=mai",
        )
    }  # fmt: skip

    assert list(found.values()) == [
        ["Accettata", "Rotta"], ["Attesa"], ["Rifiutata"], ["Accettata", "Attesa", "Rifiutata", "Rotta"], ["Rotta"],
        ["Revocata"], ["Nuova"],
    ]  # fmt: skip


def test_an_operator_of_one_region_sees_only_its_pharmacies_in_rows_counters_and_filters(operator, give_id):
    give_id(make_pharmacy("77", "Mazzini", province="BZ", region_code="041", region="BOLZANO"), answer="550 no")
    give_id(name="Trentina")

    html = operator("lettura", limited_to=["042"]).get(f"{STATUS}?stato=tutte").content.decode()

    assert [row.split()[1] for row in rows(html)] == ["Trentina"]
    assert counter(html, "Attive") == 1
    assert "Mazzini" not in html
    assert 'value="BZ"' not in html
    assert "Invia di nuovo" not in html
