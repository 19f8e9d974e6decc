"""The downloaded list: its content, and its safety from formula injection."""

import csv
from datetime import datetime, timedelta
from io import BytesIO, StringIO

import openpyxl
import pytest

from portal.journal.models import Entry
from sessions.models import BulkItem, BulkJob
from sessions.staff.desk import bulk, sheet_views
from tests.conftest import ANNA, make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, words
from tests.sessions.staff.lists.test_search import search

HOUR = timedelta(hours=1)
LIST, LETTERS = f"{STATUS}scarica/elenco", f"{STATUS}scarica/lettere"


@pytest.fixture
def download(carla_client):
    """download(address): the bytes of the file."""

    def get(address: str, client=carla_client) -> bytes:
        answer = client.get(address)
        assert answer.status_code == 200
        assert "attachment" in answer["Content-Disposition"]
        assert "no-store" in answer["Cache-Control"]
        return b"".join(answer.streaming_content)

    return get


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def book(content: bytes):
    return openpyxl.load_workbook(BytesIO(content)).active


def test_the_csv_opens_in_an_italian_excel(download, give_id):
    give_id(make_pharmacy("4512", "San Marco"), 9 * HOUR)

    content = download(f"{LIST}.csv")

    assert content.startswith("\ufeffCodice;Farmacia;Partita IVA;".encode())
    assert content.endswith(b"\r\n")
    assert lines(content)[1] == [
        "4512", "Farmacia San Marco", "01234567897", "TRENTO", "TN", "PROV. AUTON. TRENTO", "Attiva", "23/11/2026 23:32",
        "540", "4hwd", "id•••@farmacia4512.it", "Accettato dal server",
    ]  # fmt: skip


def test_the_sheet_has_what_the_filters_find_in_the_order_of_the_page(download, give_id):
    give_id(left=9 * HOUR, name="Terza")
    give_id(left=HOUR / 2, name="Seconda")
    give_id(left=9 * HOUR, name="Prima", answer="550 no")
    make_pharmacy("1", "Senza")

    assert [row[1] for row in lines(download(f"{LIST}.csv"))[1:]] == [
        "Farmacia Prima",
        "Farmacia Seconda",
        "Farmacia Terza",
    ]
    assert [row[1] for row in lines(download(f"{LIST}.csv?stato=senza-id"))[1:]] == ["Farmacia Senza"]


def test_a_search_by_codice_fiscale_can_be_taken_away_too(carla_client, download, anna, san_marco, give_id):
    give_id(san_marco)
    give_id()

    query = search(carla_client, ANNA)["Location"].partition("?")[2]

    assert [row[0] for row in lines(download(f"{LIST}.csv?{query}"))[1:]] == ["4512"]
    assert "Ricerca: riservata" in Entry.objects.get(verb="list.exported").detail["asked_for"]


WICKED = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("http://x.example";"y")']


@pytest.mark.parametrize("name", WICKED)
def test_no_cell_of_the_csv_can_become_a_formula(download, give_id, name):
    give_id(make_pharmacy("77", name, comune=name[:80]))

    row = lines(download(f"{LIST}.csv?stato=tutte"))[1]

    assert row[3] == f"'{name}"
    assert not [cell for cell in row if cell[:1] in tuple("=+-@\t\r\n＝＋－＠")]


@pytest.mark.parametrize("name", WICKED)
def test_no_cell_of_the_xlsx_is_a_formula_or_a_link(download, give_id, name):
    give_id(make_pharmacy("77", "Normale", comune=name))

    cell = book(download(f"{LIST}.xlsx")).cell(2, 4)

    assert cell.data_type == "s"
    assert cell.quotePrefix
    assert cell.hyperlink is None
    assert cell.value.replace("_x000D_", "\r") == name


def test_the_xlsx_has_numbers_and_instants_that_can_be_sorted(download, give_id):
    give_id(make_pharmacy("04512", "San Marco"), 9 * HOUR)

    head, row = book(download(f"{LIST}.xlsx")).iter_rows(values_only=True)

    assert head[:2] == ("Codice", "Farmacia")
    assert row[0] == "04512"
    assert row[7:9] == (datetime.fromisoformat("2026-11-23T23:32"), 540)


def test_neither_sheet_has_a_whole_address_or_an_id(download, give_id):
    pharmacy = give_id().pharmacy

    text = download(f"{LIST}.csv").decode() + str(list(book(download(f"{LIST}.xlsx")).values))

    assert f"idsessione@farmacia{pharmacy.code}" not in text


def test_pharmacies_never_certified_come_with_what_a_letter_needs(carla_client, download, give_id):
    give_id()
    make_pharmacy("1", "Nuova")
    query = "stato=tutte&certificazione=mai"

    assert lines(download(f"{LETTERS}.csv?{query}"))[1:] == [
        ["1", "Farmacia Nuova", "Via Roma 12", "38122", "TRENTO", "TN", "PROV. AUTON. TRENTO", "01234567897"]
    ]
    html = carla_client.get(f"{STATUS}?{query}").content.decode()
    assert "Farmacie mai certificate" in html
    assert f'href="{LETTERS}.xlsx?stato=tutte&amp;certificazione=mai"' in html


def test_who_took_the_list_away_is_in_the_journal(download, give_id, carla):
    give_id()
    download(f"{LIST}.csv?stato=attive")

    line = Entry.objects.get(verb="list.exported")
    assert (line.actor, line.detail["pharmacies"], line.detail["asked_for"]) == (carla, 1, "Stato: Attive")


@pytest.mark.parametrize("query", ["regione=999", "stato=boh", "chiave=boh", "cerca=%01"])
def test_a_filter_that_makes_no_sense_gives_no_sheet_but_the_page_that_says_so(carla_client, give_id, query):
    give_id()

    answer = carla_client.get(f"{LIST}.csv?{query}", follow=True)

    assert answer.redirect_chain == [(f"{STATUS}?{query}", 302)]
    assert "C’è un problema" in answer.content.decode()


@pytest.mark.parametrize("address", [f"{LIST}.pdf", f"{STATUS}scarica/tutto.csv"])
def test_a_sheet_that_does_not_exist_is_not_found(carla_client, db, address):
    assert carla_client.get(address).status_code == 404


def test_the_sheet_of_an_operator_of_one_region_holds_only_its_pharmacies(operator, download, give_id):
    give_id(make_pharmacy("77", "Mazzini", region_code="041"))
    give_id(name="Trentina")

    rows = lines(download(f"{LIST}.csv?stato=tutte", operator("lettura", limited_to=["042"])))

    assert [row[1] for row in rows[1:]] == ["Farmacia Trentina"]


@pytest.fixture
def long_list(monkeypatch, give_id) -> None:
    """A limit under three pharmacies: their list is prepared in the background."""
    monkeypatch.setattr(sheet_views, "AT_ONCE", 2)
    for name in ("Prima", "Seconda", "Terza"):
        give_id(name=name)


def test_a_long_list_is_prepared_in_the_background_and_then_taken_away(carla_client, download, long_list):
    response = carla_client.get(f"{LIST}.csv")
    assert "L’elenco è lungo: 3 farmacie" in words(response.content.decode())
    assert not BulkJob.objects.exists()

    begun = carla_client.post(f"{LIST}.csv")
    assert "Farmacie scritte: 0 su 3" in words(carla_client.get(begun["Location"]).content.decode())

    while bulk.advance(NOW):
        pass
    html = carla_client.get(begun["Location"]).content.decode()

    assert "Farmacie scritte: 3 su 3" in words(html)
    address = f"{STATUS}lavori/{BulkJob.objects.get().pk}/farmacie"
    assert f'href="{address}.csv"' in html
    assert [row[1] for row in lines(download(f"{address}.csv"))[1:]] == [
        "Farmacia Prima",
        "Farmacia Seconda",
        "Farmacia Terza",
    ]
    assert book(download(f"{address}.xlsx")).max_row == 4


def test_a_prepared_sheet_is_only_for_who_asked_for_it(carla_client, operator, long_list):
    page = carla_client.post(f"{LIST}.csv")["Location"]
    while bulk.advance(NOW):
        pass
    other = operator("lettura", "sicurezza")

    assert other.get(page).status_code == 404
    assert other.get(f"{STATUS}lavori/{BulkJob.objects.get().pk}/farmacie.csv").status_code == 404
    assert BulkJob.objects.get().get_act_display() not in other.get(f"{STATUS}lavori/").content.decode()


def test_a_prepared_sheet_is_forgotten_after_a_day(carla_client, long_list):
    page = carla_client.post(f"{LIST}.csv")["Location"]
    while bulk.advance(NOW):
        pass

    bulk.forget_sheets(NOW + timedelta(hours=23))
    assert BulkItem.objects.filter(cells__isnull=False).count() == 3
    bulk.forget_sheets(NOW + timedelta(hours=25))

    assert not BulkItem.objects.filter(cells__isnull=False).exists()
    assert "Il file non c’è più" in carla_client.get(page).content.decode()
    assert carla_client.get(f"{STATUS}lavori/{BulkJob.objects.get().pk}/farmacie.csv").status_code == 404


@pytest.mark.django_db(transaction=True)  # closing a response closes the connection to PostgreSQL
@pytest.mark.parametrize(
    "address", [f"{LIST}.csv", f"{LETTERS}.xlsx", "/operatori/posta/csv/", "/operatori/registro/csv/"]
)
def test_head_takes_nothing_away_and_leaves_no_line(operator, give_id, address):
    give_id()
    client = operator("sicurezza")
    reply = client.head(address)
    reply.close()
    assert reply.status_code == 200, address
    assert not Entry.objects.exists()
