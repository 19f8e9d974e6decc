"""«Da invitare»: the open sites that never certified an address, with a sheet for paper letters and their number day by day."""

import csv
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO

import openpyxl
import pytest

from pharmacies.models import MailCertification, Office, Pharmacy, Utenza
from portal.identity.territory import NOWHERE, Territory
from portal.journal.models import Entry
from sessions.staff.lists.never_certified import DAYS, by_day
from sessions.staff.lists.selection import PharmacySelection
from tests.conftest import ANNA, make_pharmacy
from tests.sessions.staff.conftest import NOW, certification_of, rows, utenza_of, words

EVERYWHERE = Territory()
PAGE, DAY = "/operatori/da-invitare/", timedelta(days=1)


def certify(pharmacy: Pharmacy, at: datetime, **fields) -> MailCertification:
    row = certification_of(pharmacy, f"idsessione@farmacia{pharmacy.code}.it")
    MailCertification.objects.filter(pk=row.pk).update(certified_at=at, requested_at=at, **fields)
    return row


@pytest.fixture
def invite(carla_client):
    """invite("regione=042"): the page as text."""

    def get(query: str = "", client=carla_client) -> str:
        answer = client.get(f"{PAGE}?{query}")
        assert answer.status_code == 200
        return answer.content.decode()

    return get


@pytest.fixture
def sites(db) -> None:
    """Three sites to invite in two regions; one certified, one revoked, one closed, one with an address to confirm."""
    make_pharmacy("1", "Uno")
    make_pharmacy("2", "Due", region="PIEMONTE", region_code="010", province="TO", comune="TORINO")
    make_pharmacy("P20003", "Tre", type=Pharmacy.Type.PARAFARMACIA)
    certify(make_pharmacy("4", "Certificata"), NOW - 3 * DAY)
    certify(make_pharmacy("5", "Revocata"), NOW - 9 * DAY, revoked_at=NOW - DAY)
    make_pharmacy("6", "Chiusa", closed_on=NOW.date() - DAY)


def test_the_list_has_the_open_sites_never_certified_and_says_how_many(invite, sites):
    html = invite()

    assert "3 farmacie, mai certificate, per regione, provincia e comune." in words(html)
    assert [row.split()[1] for row in rows(html)] == ["Due", "Tre", "Uno"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("regione=010", ["Due"]), ("provincia=TN", ["Tre", "Uno"]), ("tipo=farmacie", ["Due", "Uno"]),
        ("tipo=parafarmacie", ["Tre"]), ("regione=042&tipo=farmacie", ["Uno"]),
    ],
)  # fmt: skip
def test_places_and_types_narrow_it(invite, sites, query, found):
    assert [row.split()[1] for row in rows(invite(query))] == found


def test_asl_and_supplier_narrow_it(invite, sites):
    utenza_of(Pharmacy.objects.get(code="1"))
    Utenza.objects.update(supplier="Gestionali Srl")

    assert "1 farmacia," in words(invite("asl=042-001"))
    assert "1 farmacia," in words(invite("fornitore=Gestionali Srl"))


def test_a_region_that_does_not_exist_is_said_and_ignored(invite, sites):
    html = invite("regione=999")
    assert "<title>Errore:" in html
    assert "3 farmacie," in words(html)


def test_an_operator_sees_the_sites_of_the_territory_only(operator, invite, sites):
    assert "2 farmacie," in words(invite(client=operator("lettura", limited_to=["042"])))


def test_the_name_of_the_titolare_stands_beside_when_it_is_known(invite, anna, bruno, san_marco, al_redentore):
    Office.objects.filter(codice_fiscale=ANNA).update(given_name="Anna Maria", family_name="Rossi")
    make_pharmacy("7", "Senza titolare")

    assert [row.split("TN) ")[1] for row in rows(invite())] == [
        "Bruno Bianchi Prov. Auton. Trento", "Anna Maria Rossi Prov. Auton. Trento", "– Prov. Auton. Trento",
    ]  # fmt: skip


def test_a_former_titolare_is_not_named(invite, anna, san_marco):
    Office.objects.update(until=NOW - DAY)
    assert "Anna Rossi" not in invite()


def read(client, kind: str, query: str = "") -> bytes:
    answer = client.get(f"{PAGE}elenco.{kind}?{query}")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return b"".join(answer.streaming_content)


def test_the_sheet_has_what_a_letter_on_paper_needs(carla_client, carla, anna, san_marco, sites):
    lines = list(csv.reader(StringIO(read(carla_client, "csv", "regione=042").decode("utf-8-sig")), delimiter=";"))

    assert lines[0] == [
        "Farmacia", "Titolare", "Indirizzo", "CAP", "Comune", "Provincia", "Regione", "Codice", "Tipo", "Partita IVA",
    ]  # fmt: skip
    assert lines[1] == [
        "Farmacia San Marco", "Anna Rossi", "Via Roma 12", "38122", "TRENTO", "TN", "PROV. AUTON. TRENTO", "4512", "farmacia",
        "01234567897",
    ]  # fmt: skip
    assert [line[7] for line in lines[1:]] == ["4512", "P20003", "1"]
    entry = Entry.objects.get(verb="list.exported")
    assert (entry.actor, entry.detail["pharmacies"]) == (carla, 3)
    assert entry.detail["asked_for"] == "Da invitare · Regione: Prov. Auton. Trento"


def test_the_sheet_opens_in_excel_too(carla_client, sites):
    book = openpyxl.load_workbook(BytesIO(read(carla_client, "xlsx"))).active
    assert [cell.value for cell in book["H"]] == ["Codice", "2", "P20003", "1"]


@pytest.mark.parametrize("kind", ["pdf", "csv"])
def test_no_sheet_of_another_kind_nor_with_a_filter_that_does_not_exist(carla_client, sites, kind):
    answer = carla_client.get(f"{PAGE}elenco.{kind}?regione=999")
    assert answer.status_code == (404 if kind == "pdf" else 302)
    assert not Entry.objects.exists()
    assert kind == "pdf" or answer["Location"] == f"{PAGE}?regione=999"


# --- day by day


def left(days: int = 5, territory: Territory = EVERYWHERE, **fields: str) -> list[int]:
    return [day.left for day in by_day(PharmacySelection(territory, **fields), NOW, days)]


def test_each_day_has_the_number_at_its_end(sites):
    assert left() == [5, 4, 4, 3, 3]


def test_the_end_of_a_day_is_midnight_in_italy(db):
    certify(make_pharmacy("1", "Prima"), datetime(2026, 11, 21, 22, 59, tzinfo=UTC))
    certify(make_pharmacy("2", "Dopo"), datetime(2026, 11, 21, 23, 1, tzinfo=UTC))  # already Sunday in Italy

    assert left(3) == [1, 0, 0]


def test_the_present_day_ends_now(db):
    certify(make_pharmacy("1", "Tra poco"), NOW + timedelta(minutes=1))
    certify(make_pharmacy("2", "Ora"), NOW)

    assert left(1) == [1]


def test_filters_and_territory_apply_to_every_day(sites):
    assert left(region="010") == [1, 1, 1, 1, 1]
    assert left(register="parafarmacie") == [1, 1, 1, 1, 1]
    assert left(territory=Territory.of(["010"])) == [1, 1, 1, 1, 1]
    assert left(territory=NOWHERE) == [0, 0, 0, 0, 0]


def test_the_page_has_a_line_for_each_day_with_the_difference(invite, sites):
    text = words(invite().partition('id="giorni"')[2])
    assert "Lun 23/11 3 =" in text
    assert "Ven 20/11 4 −1" in text
    assert text.count("/11 ") + text.count("/10 ") == DAYS


def test_the_number_of_queries_does_not_grow(carla_client, sites, django_assert_max_num_queries):
    for number in range(60, 100):
        make_pharmacy(str(number), f"Numero {number}")
    with django_assert_max_num_queries(13):
        carla_client.get(PAGE)


def test_nobody_is_lost_between_two_pages(carla_client, db):
    for number in range(60):
        make_pharmacy(str(number), "Uguale")
    pages = [carla_client.get(f"{PAGE}?pagina={page}").content.decode() for page in (1, 2)]
    codes = [row.split()[2] for page in pages for row in rows(page)]
    assert (len(codes), len(set(codes))) == (60, 60)
