"""Where a file is looked for: strange pages, strange links, addresses with a day in them, redirects."""

import json
from datetime import UTC, date, datetime

import pytest
from django.core.checks import run_checks

from pharmacies.files.download import DownloadFailed
from pharmacies.models import NationalRegister, RegisterImport, RegisterSource
from pharmacies.models.register_source import NightOutcome
from pharmacies.register.nightly.page import links_of
from pharmacies.register.nightly.refresh import refresh_due
from pharmacies.register.nightly.sources import RegisterAddress, on_day, why_not_usable
from tests.pharmacies.register.nightly.conftest import register

NIGHT = datetime(2026, 11, 30, 1, 30, tzinfo=UTC)
TODAY = date(2026, 11, 30)
PAGE = "https://dati.example/it/dataset/farmacie/"
FARMACIE = RegisterAddress(NationalRegister.FARMACIE, PAGE)
FILE = "FRM_FARMA_5_20261129.csv"


def found(body: str, source: RegisterAddress = FARMACIE) -> list[str]:
    return [one.url for one in links_of(body.encode(), PAGE, source, TODAY).candidates]


def linked(*addresses: str) -> str:
    return "<html><body>" + "".join(f'<a href="{address}">x</a>' for address in addresses) + "</body></html>"


def test_the_newest_day_comes_first_and_of_a_day_the_csv():
    names = ["FRM_FARMA_5_20261128.csv", "FRM_FARMA_5_20261129.xml", "FRM_FARMA_5_20261129.json", FILE]
    assert [url.rpartition("/")[2] for url in found(linked(*(f"/files/{name}" for name in names)))] == [
        FILE, "FRM_FARMA_5_20261129.json", "FRM_FARMA_5_20261129.xml", "FRM_FARMA_5_20261128.csv",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "link",
    [
        f"/files/{FILE}", f"../../files/{FILE}", f"https://dati.example/{FILE}", f"HTTPS://DATI.EXAMPLE:443/{FILE}",
        f" /files/{FILE}\n", f"/files/{FILE}?itok=a&amp;b=1#parte", f"/files/{FILE.lower()}",
    ],
)  # fmt: skip
def test_links_to_the_same_site_are_taken(link):
    assert len(found(linked(link))) == 1


@pytest.mark.parametrize(
    "link",
    [
        f"https://altrove.example/{FILE}", f"//altrove.example/{FILE}", f"https://dati.example:8443/{FILE}",
        f"https://dati.example@altrove.example/{FILE}", f"https://utente:segreto@dati.example/{FILE}",
        f"http://dati.example/{FILE}", f"ftp://dati.example/{FILE}", f"file:///etc/{FILE}", f"javascript:/{FILE}",
        f"https://127.0.0.1/{FILE}", f"http://[::1]/{FILE}", f"http://[/{FILE}", f"data:text/csv,/{FILE}",
        f"https://dati.example.altrove.example/{FILE}", "/files/FRM_FARMA_5_20261201.csv", "/files/FRM_FARMA_5_20261345.csv",
        "/files/FRM_FARMA_5_99991231.csv", "/files/FRM_FARMA_5_00000000.csv", "/files/FRM_FARMA_5_19990101.csv",
        "/files/FRM_FARMA_5_2026112.csv", "/files/FRM_FARMA_5_20261129.csv.exe", "/files/FRM_FARMA_5_20261129.zip",
        "/files/FRM_PFARMA_7_20261129.csv", "/files/vecchio-FRM_FARMA_5_20261129.csv", f"/{FILE}/", f"/files?f={FILE}",
        f"/{'a' * 600}/{FILE}", "/files/FRM_FARMA_5_２０２６1129.csv", f"/%2e%2e%2f{FILE}.txt", "\u0000", "",
    ],
)  # fmt: skip
def test_other_links_are_left_out(link):
    assert found(linked(link)) == []


def test_a_base_of_the_page_that_leads_elsewhere_is_another_host():
    page = f'<html><head><base href="https://altrove.example/"></head><body><a href="{FILE}">x</a></body></html>'
    assert found(page) == []


def test_another_host_is_taken_when_a_setting_names_it(settings):
    settings.REGISTER_HOSTS = ["File.Example"]
    assert found(linked(f"https://file.example/{FILE}", f"https://altrove.example/{FILE}")) == [
        f"https://file.example/{FILE}"
    ]


def test_the_data_of_the_page_as_json_are_read_too():
    data = {
        "result": {
            "nodes": [{"filename": FILE, "url": f"/sites/opendata/{FILE}"}, [None, 3, "FRM_PFARMA_7_20261129.csv"]]
        }
    }
    assert found(json.dumps(data)) == [f"https://dati.example/sites/opendata/{FILE}"]


@pytest.mark.parametrize(
    "body", ["", "{", "[" * 100_000, '{"a": 1', " ", "<", "\x00\x01", "<a href=" * 5000, "&#xD800;"]
)
def test_a_page_that_cannot_be_read_gives_no_file_and_no_traceback(body):
    try:
        assert found(body) == []
    except DownloadFailed as refused:
        assert str(refused).startswith("The page that names the files")  # noqa: PT017  either is right


def test_the_reasons_are_counted():
    links = links_of(
        linked("https://altrove.example/" + FILE, "/FRM_FARMA_5_20261225.csv", "/altro").encode(), PAGE, FARMACIE, TODAY
    )
    assert str(links) == "3 links; left out: 1 at another host (REGISTER_HOSTS), 1 with a day in the future"


@pytest.mark.django_db
def test_a_page_with_strange_links_only_is_an_outcome_that_says_why(site):
    site.files, site.links = {FILE: register()}, [f"https://altrove.example/{FILE}", "/sites/FRM_FARMA_5_20270101.csv"]
    refresh_due(NIGHT)
    row = RegisterSource.objects.get()
    assert row.outcome == NightOutcome.NO_FILE
    assert "another host" in row.detail
    assert not RegisterImport.objects.exists()
    assert len(site.requests) == 1


@pytest.mark.django_db
def test_an_older_file_than_the_last_import_is_left_alone(site):
    RegisterImport.objects.create(at=NIGHT, file="FRM_FARMA_5_20261130.csv", day=TODAY, rows=1, unnamed=0, pharmacies=1)
    RegisterSource.objects.create(register="farmacie", next_check_at=NIGHT)
    site.files = {FILE: register()}
    refresh_due(NIGHT)
    assert RegisterSource.objects.get().outcome == NightOutcome.OLDER
    assert site.asked_for(FILE) == []


@pytest.mark.django_db
def test_a_dead_link_is_passed_over(site):
    site.files = {FILE.replace("csv", "json"): b"[]", "FRM_FARMA_5_20261128.csv": register()}
    site.links = [f"/{name}" for name in ("FRM_FARMA_5_20261130.csv", FILE, "FRM_FARMA_5_20261128.csv")]
    refresh_due(NIGHT)
    assert RegisterImport.objects.get().file == "FRM_FARMA_5_20261128.csv"


@pytest.mark.django_db
def test_a_page_and_a_file_may_not_redirect_to_another_host(site, settings):
    site.files = {FILE: register()}
    site.redirects = {f"/sites/opendata/{FILE}": f"{site.url.replace('127.0.0.1', 'localhost')}/altrove/{FILE}"}
    refresh_due(NIGHT)
    row = RegisterSource.objects.get()
    assert (row.outcome, "REGISTER_HOSTS" in row.detail) == (NightOutcome.NOT_REACHED, True)
    site.redirects = {"/it/dataset/farmacie/": f"{site.url.replace('127.0.0.1', 'localhost')}/altra/"}
    refresh_due(RegisterSource.objects.get().next_check_at)
    assert "REGISTER_HOSTS" in RegisterSource.objects.get().detail
    site.redirects = {f"/sites/opendata/{FILE}": f"/nuova/{FILE}"}
    refresh_due(RegisterSource.objects.get().next_check_at)
    assert RegisterImport.objects.get().is_whole


@pytest.mark.django_db
def test_a_page_without_end_is_refused(site):
    site.page = b"<html>" + b" " * (11 * 2**20)
    refresh_due(NIGHT)
    row = RegisterSource.objects.get()
    assert (row.outcome, "larger than 10 MB" in row.detail) == (NightOutcome.NOT_REACHED, True)


@pytest.mark.django_db
def test_an_address_with_a_day_is_tried_from_today_back(site, settings):
    settings.REGISTER_FARMACIE_URL = f"{site.url}/opendata/FRM_FARMA_5_{{YYYYMMDD}}.csv"
    site.files = {"FRM_FARMA_5_20261128.csv": register()}
    refresh_due(NIGHT)
    assert RegisterImport.objects.get().file == "FRM_FARMA_5_20261128.csv"
    assert [path.rpartition("_")[2] for path, _ in site.requests] == ["20261130.csv", "20261129.csv", "20261128.csv"]
    refresh_due(RegisterSource.objects.get().next_check_at)
    assert RegisterSource.objects.get().outcome == NightOutcome.UNCHANGED
    assert [path.rpartition("_")[2] for path, _ in site.requests[3:]] == [
        "20261201.csv",
        *(f"202611{day}.csv" for day in (30, 29, 28)),
    ]


@pytest.mark.django_db
def test_an_address_with_a_day_and_no_file_is_refused_by_the_site(site, settings):
    settings.REGISTER_FARMACIE_URL = f"{site.url}/opendata/FRM_FARMA_5_{{YYYYMMDD}}.csv"
    refresh_due(NIGHT)
    row = RegisterSource.objects.get()
    assert (row.outcome, row.status, len(site.requests)) == (NightOutcome.REFUSED, 404, 8)


@pytest.mark.parametrize(
    ("agent", "can_be_sent"), [("Un programma/1.0 (noto)", True), ("però", False), ("a\nX-Altro: b", False)]
)
def test_an_agent_that_no_header_takes_stops_the_start(settings, agent, can_be_sent):
    settings.REGISTER_USER_AGENT = agent
    assert any(message.id == "pharmacies.E002" for message in run_checks()) is not can_be_sent


def test_the_places_of_a_day():
    assert (
        on_day("https://x.example/{YYYY}/{MM}/F_{YYYY-MM-DD}.csv", TODAY)
        == "https://x.example/2026/11/F_2026-11-30.csv"
    )


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (PAGE, ""), ("http://127.0.0.1:8080/pagina/", ""), ("https://x.example/FRM_FARMA_5_{YYYYMMDD}.csv", ""),
        ("https://x.example/{YYYY}/F_{YYYY}{MM}{DD}.csv", ""), ("http://x.example/pagina/", "must be https"),
        ("https://x.example/{YYYYMMDD}/farmacie.csv", "needs the day"), ("https://x.example/F_{GIORNO}.csv", "needs the day"),
        ("https://x.example/F_{YYYY}.csv", "needs the day"), ("https://x{DD}.example/F_{YYYYMMDD}.csv", "must not have the day"),
    ],
)  # fmt: skip
def test_an_address_that_can_never_work_stops_the_start(settings, address, why):
    assert why_not_usable(address).startswith(why)
    assert bool(why_not_usable(address)) is bool(why)
    settings.REGISTER_PARAFARMACIE_URL = address
    messages = [str(message) for message in run_checks() if message.id == "pharmacies.E001"]
    assert len(messages) == bool(why)
    assert all("REGISTER_PARAFARMACIE_URL" in message for message in messages)
