"""A bulk act when something fails: other pharmacies than the counted ones, errors, a second click."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
from django.db import OperationalError
from django.urls import reverse
from openpyxl import load_workbook

from portal.identity.models import User
from portal.journal.models import Entry
from sessions.models import BulkJob, IdSessione
from sessions.staff.desk import bulk
from sessions.staff.lists import sheets
from tests.sessions.staff.conftest import NOW, words
from tests.sessions.staff.desk.test_bulk import ACT, HOUR, REVOKE, act, count, persevere, work


def test_as_many_pharmacies_but_others_are_not_what_was_counted(carla_client, three, give_id):
    counted = count(carla_client, REVOKE)
    three[0].revoke(NOW)
    give_id(name="Quarta")
    answer = carla_client.post(ACT, {**counted, "conferma": "3"})

    assert "Nel frattempo le farmacie sono cambiate" in answer.content.decode()
    assert not BulkJob.objects.exists()
    again = re.search(r'name="contate" value="(\w+)"', answer.content.decode())[1]
    assert carla_client.post(ACT, {**REVOKE, "contate": again, "conferma": "3"}).status_code == 302


def test_a_number_without_a_count_begins_nothing(carla_client, three):
    assert carla_client.post(ACT, {**REVOKE, "conferma": "3"}).status_code == 200
    assert not BulkJob.objects.exists()


def test_a_double_click_is_one_job(carla_client, three):
    confirmed = {**count(carla_client, REVOKE), "conferma": "3"}
    pages = {carla_client.post(ACT, confirmed)["Location"] for _ in range(2)}

    assert len(pages) == 1
    assert BulkJob.objects.count() == 1
    assert Entry.objects.filter(verb="bulk.revoke").count() == 1


def test_what_fails_once_is_done_at_the_next_try(carla_client, three, monkeypatch):
    act(carla_client, REVOKE, number=3)
    real, failed = bulk.ACTS[BulkJob.Act.REVOKE], []

    def deadlocks_once(pharmacy, job, now):
        if pharmacy.pk not in failed:
            failed.append(pharmacy.pk)
            raise OperationalError
        return real(pharmacy, job, now)

    monkeypatch.setitem(bulk.ACTS, BulkJob.Act.REVOKE, deadlocks_once)
    work()

    assert not IdSessione.objects.live(NOW).exists()
    assert BulkJob.objects.get().finished_at == NOW


def test_where_it_failed_it_can_be_tried_again_from_the_page(carla_client, three, monkeypatch):
    page = act(carla_client, REVOKE, number=3)["Location"]
    with monkeypatch.context() as broken:
        broken.setitem(bulk.ACTS, BulkJob.Act.REVOKE, lambda *_: 1 / 0)
        persevere()
    assert "In 3 farmacie qualcosa non è riuscito" in words(carla_client.get(page).content.decode())

    carla_client.post(f"{page}riprova/")
    work(NOW + HOUR)

    assert not IdSessione.objects.live(NOW).exists()
    assert "Non c’è nulla da riprovare" in carla_client.post(f"{page}riprova/", follow=True).content.decode()


def test_an_act_passes_before_a_sheet_that_was_asked_for_earlier(carla_client, carla, three):
    every = [row.pharmacy_id for row in three]
    sheet = bulk.begin(BulkJob.Act.LIST, every, "tutte", carla, NOW)
    act(carla_client, REVOKE, number=3)
    bulk.advance(NOW)

    assert not IdSessione.objects.live(NOW).exists()
    assert sheet.progress()["done"] == 0


def test_a_row_that_cannot_be_written_stops_neither_its_sheet_nor_the_other_jobs(
    carla_client, carla, three, monkeypatch
):
    sheet, real = sheets.SHEETS[BulkJob.Act.LIST], sheets.SHEETS[BulkJob.Act.LIST].cells

    def fails_at_seconda(row):
        return 1 / 0 if row.pharmacy.name == "Seconda" else real(row)

    monkeypatch.setitem(sheets.SHEETS, BulkJob.Act.LIST, replace(sheet, cells=fails_at_seconda))
    first = bulk.begin(BulkJob.Act.LIST, [row.pharmacy_id for row in three], "tutte", carla, NOW)
    second = bulk.begin(BulkJob.Act.LETTERS, [row.pharmacy_id for row in three], "tutte", carla, NOW)
    persevere()

    assert first.progress() == {"done": 2, "failed": 1, "wait": 0, "touched": 0}
    assert second.progress()["done"] == 3
    assert not BulkJob.objects.under_way().exists()


@pytest.mark.parametrize("change", ["disabled", "no role", "smaller territory"])
def test_a_job_stops_when_its_operator_may_no_longer_do_it(carla_client, carla, three, change):
    page = act(carla_client, REVOKE, number=3)["Location"]
    if change == "no role":
        carla.groups.clear()
    carla.is_active, carla.limited_to = change != "disabled", ["010"] if change == "smaller territory" else []
    carla.save()
    work()

    assert IdSessione.objects.live(NOW).count() == 3
    job = BulkJob.objects.get()
    assert job.stopped_because
    assert Entry.objects.get(verb="bulk.stopped").detail["because"] == job.stopped_because
    assert page


@pytest.fixture
def failed_then_narrowed(operator, three, monkeypatch):
    """A job that failed at three pharmacies, one of them in another region; then its operator was limited to the first region."""
    three[2].pharmacy.region_code = "010"
    three[2].pharmacy.save()
    client = operator("lettura", "sicurezza")
    page = act(client, REVOKE, number=3)["Location"]
    with monkeypatch.context() as broken:
        broken.setitem(bulk.ACTS, BulkJob.Act.REVOKE, lambda *_: 1 / 0)
        persevere()
    by = BulkJob.objects.get().asked_by
    by.limited_to = ["042"]
    by.save()
    return client, page


def test_a_smaller_territory_shows_no_failed_pharmacy_outside_it(failed_then_narrowed):
    client, page = failed_then_narrowed
    html = client.get(page).content.decode()
    assert "Seconda" in html
    assert "Terza" not in html


def test_a_smaller_territory_retries_nothing_outside_it(failed_then_narrowed, three):
    client, page = failed_then_narrowed
    client.post(f"{page}riprova/")
    work(NOW + HOUR)
    assert IdSessione.objects.live(NOW).filter(pk=three[2].pk).exists()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_sheet_leaves_out_what_a_smaller_territory_no_longer_holds(operator, three, kind):
    three[2].pharmacy.region_code = "010"
    three[2].pharmacy.save()
    client = operator("lettura")
    by = User.objects.get(username__startswith="oriana")
    job = bulk.begin(BulkJob.Act.LIST, [row.pharmacy_id for row in three], "tutte", by, NOW)
    work()
    url = reverse("staff:job_sheet", args=[job.pk, kind])
    assert "Terza" in _text(client.get(url), kind)
    by.limited_to = ["042"]
    by.save()
    sheet = _text(client.get(url), kind)
    assert "Seconda" in sheet
    assert "Terza" not in sheet


def _text(answer, kind: str) -> str:
    body = b"".join(answer.streaming_content)
    if kind == "csv":
        return body.decode()
    rows = load_workbook(BytesIO(body)).active.values
    return " ".join(str(cell) for row in rows for cell in row)
