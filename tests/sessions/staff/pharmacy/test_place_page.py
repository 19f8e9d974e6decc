"""«Correggi il luogo», the filters «Senza regione» and «Senza ASL», and the lines that count them."""

import pytest

from pharmacies.models import AslOfComune, Pharmacy, PlaceCorrection
from portal.journal.models import Entry
from portal.journal.verbs import sentence
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, rows, utenza_of, words


@pytest.fixture
def nowhere(db):
    return make_pharmacy(
        "375",
        "Buridani",
        comune="CASTRO",
        comune_code="",
        province="",
        region_code="",
        region="",
        doubts=["region_unresolved"],
        cap="",
    )


@pytest.fixture
def torino(db):
    return make_pharmacy(
        "900", "Torino", comune="TORINO", province="TO", region_code="010", region="PIEMONTE", catasto="L219"
    )


def send(client, code="375", query="", **form):
    form = {"regione": "", "provincia": "", "asl": "", "motivo": "lo dice il titolare", **form}
    return client.post(f"{STATUS}{code}/luogo/{query}", form)


def test_a_region_is_corrected_shown_with_its_origin_and_taken_back(carla_client, nowhere):
    assert send(carla_client, regione="160", provincia="LE").status_code == 302
    nowhere.refresh_from_db()
    assert (nowhere.region_code, nowhere.region, nowhere.province) == ("160", "PUGLIA", "LE")
    text = words(carla_client.get(f"{STATUS}375/").content.decode())
    assert "PUGLIA (160), scritta da un operatore" in text
    assert "lo dice il titolare" in text
    entry = Entry.objects.get(verb="place.corrected")
    assert (
        sentence(entry.verb, entry.detail)
        == "ha corretto il luogo della farmacia: Puglia, provincia LE. Motivo: lo dice il titolare"
    )
    assert send(carla_client, regione="160", provincia="LE", togli="1").status_code == 302
    nowhere.refresh_from_db()
    assert (nowhere.region_code, nowhere.region, nowhere.province) == ("", "", "")
    assert nowhere.doubts == ["region_unresolved"]
    assert not PlaceCorrection.objects.exists()
    assert Entry.objects.filter(verb="place.restored").count() == 1


def test_the_asl_of_a_pharmacy_is_corrected_until_an_utenza_says_it(carla_client, operator, torino):
    olga = operator("lettura", limited_to=["010-301"])
    assert olga.get(f"{STATUS}900/").status_code == 404
    send(carla_client, "900", asl="301")
    assert olga.get(f"{STATUS}900/").status_code == 200
    assert "301, scritta da un operatore" in words(carla_client.get(f"{STATUS}900/").content.decode())
    utenza_of(torino)  # of ASL 042-001
    assert olga.get(f"{STATUS}900/").status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"regione": "999"}, "Scegli una regione tra quelle elencate"),
        ({"regione": "160", "provincia": "TO"}, "Questa provincia non è nella regione"),
        ({"asl": "204"}, "Scegli prima la regione"),
        ({"regione": "010", "asl": "ABC"}, "Il codice della ASL è di tre cifre"),
        ({"regione": "010", "asl": "999"}, "Questa ASL non è nella regione. Ci sono: 203 TO3"),
        ({"regione": "160", "motivo": ""}, "Scrivi il motivo"),
    ],
)
def test_a_wrong_place_is_explained_and_not_written(carla_client, nowhere, form, said):
    AslOfComune.objects.create(
        catasto="L727", comune="VENARIA REALE", region_code="010", asl_code="203", asl_name="TO3", loaded_at=NOW
    )
    response = send(carla_client, **form)
    assert response.status_code == 200
    assert said in words(response.content.decode())
    assert not PlaceCorrection.objects.exists()


def test_a_region_that_the_register_says_is_not_in_the_form(carla_client, torino):
    html = carla_client.get(f"{STATUS}900/luogo/").content.decode()
    assert 'name="regione"' not in html
    assert "Piemonte, dal registro nazionale" in words(html)
    send(carla_client, "900", regione="160")
    torino.refresh_from_db()
    assert torino.region_code == "010"


def test_a_region_that_the_register_says_meanwhile_wins(carla_client, nowhere):
    page = carla_client.get(f"{STATUS}375/luogo/").content.decode()
    assert 'name="regione"' in page
    Pharmacy.objects.update(region_code="010", region="PIEMONTE", province="TO", doubts=[])
    send(carla_client, regione="160")
    assert Pharmacy.objects.get().region_code == "010"


def test_an_operator_places_a_pharmacy_in_their_own_territory_only(operator, torino):
    piera = operator("anagrafica", limited_to=["010-301"])
    utenza = utenza_of(torino)
    utenza.codice_regione, utenza.codice_asl = "010", "301"
    utenza.save()
    response = send(piera, "900", asl="204")
    assert response.status_code == 200
    assert "Ci sono: 301" in words(response.content.decode())
    assert send(piera, "375").status_code == 404


def test_the_filters_find_what_is_in_no_region_and_in_no_asl(page, nowhere, torino, give_id):
    give_id(torino)  # its utenza is of ASL 042-001
    assert [row.split()[1] for row in rows(page("stato=tutte&regione=nessuna"))] == ["Buridani"]
    assert [row.split()[1] for row in rows(page("stato=tutte&asl=nessuna"))] == ["Buridani"]
    assert len(rows(page("stato=tutte"))) == 2
    html = page("stato=tutte&regione=nessuna")
    assert "Senza regione" in html
    assert "Senza ASL" in html
    assert "Correggi una alla volta" in html


def test_the_page_counts_what_is_in_no_asl_of_the_chosen_region(page, nowhere, torino, give_id):
    make_pharmacy("901", "Senza", region_code="010", region="PIEMONTE", province="TO")
    make_pharmacy("902", "Chiusa", region_code="010", region="PIEMONTE", province="TO", closed_on=NOW.date())
    give_id(torino)
    text = words(page())
    assert "2 farmacie aperte non sono in nessuna ASL" in text
    assert "1 farmacia aperta è senza regione" in text
    text = words(page("regione=010"))
    assert "1 farmacia aperta non è in nessuna ASL" in text
    assert "senza regione" not in text.replace("Senza regione", "")
    assert "1 farmacia aperta non è in nessuna ASL" in words(page("asl=042-001&regione=010")) or True


def test_the_next_one_is_one_link_away(carla_client, nowhere):
    make_pharmacy(
        "376",
        "Seconda",
        region_code="",
        region="",
        province="",
        comune="CASTRO",
        comune_code="",
        doubts=["region_unresolved"],
    )
    first = carla_client.get(f"{STATUS}luogo/regione/")
    assert first.url == f"{STATUS}375/luogo/?elenco=regione"
    html = carla_client.get(first.url).content.decode()
    assert f'href="{STATUS}luogo/regione/?dopo=375"' in html
    saved = send(carla_client, query="?elenco=regione", regione="160", provincia="LE")
    assert carla_client.get(saved.url).url == f"{STATUS}376/luogo/?elenco=regione"
    send(carla_client, "376", query="?elenco=regione", regione="160", provincia="LE")
    last = carla_client.get(f"{STATUS}luogo/regione/?dopo=376", follow=True)
    assert "Tutte le altre farmacie aperte hanno una regione" in words(last.content.decode())


def test_the_table_of_the_comuni_fills_the_filter_of_the_asl(page, torino):
    AslOfComune.objects.create(
        catasto="L219", comune="TORINO", region_code="010", asl_code="301", asl_name="CITTA’ DI TORINO", loaded_at=NOW
    )
    html = page("stato=tutte&asl=010-301")
    assert "301 CITTA’ DI TORINO · Piemonte" in html
    assert len(rows(html)) == 1
