"""Nights of the register: a new file, no new file, a site that refuses, a file that breaks off, a worker that is killed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.core.management import call_command

from pharmacies.files.lock import ImportUnderWay
from pharmacies.models import NationalRegister, Pharmacy, RegisterImport, RegisterSource
from pharmacies.models.register_source import NightOutcome
from pharmacies.register.nightly import keeping
from pharmacies.register.nightly.refresh import refresh_due
from pharmacies.tasks import refresh_registers
from portal.celery import EVERY
from portal.journal.models import Entry
from portal.time.clock import ROME
from tests.parallel import in_parallel
from tests.pharmacies.register.nightly.conftest import register
from tests.pharmacies.register.register_files import PARAFARMACIE, parafarmacia

NIGHT = datetime(2026, 11, 30, 1, 30, tzinfo=UTC)  # 2:30 in Rome
pytestmark = pytest.mark.django_db


def name(day: int, kind: str = "csv") -> str:
    return f"FRM_FARMA_5_202611{day:02}.{kind}"


def source() -> RegisterSource:
    return RegisterSource.objects.get(register=NationalRegister.FARMACIE)


def next_night() -> datetime:
    """Goes to the instant of the next try."""
    return source().next_check_at


def test_a_night_imports_the_newest_file_of_the_page_and_keeps_it(site):
    site.files = {name(28): register(), name(30): register(*range(1, 400)), name(29): register()}
    refresh_due(NIGHT)
    imported = RegisterImport.objects.get()
    assert (imported.file, imported.is_whole, Pharmacy.objects.count()) == (name(30), True, 399)
    row = source()
    assert (row.outcome, row.failing_since, row.leased_until) == (NightOutcome.IMPORTED, None, None)
    assert keeping.kept_file(NationalRegister.FARMACIE).read_bytes() == site.files[name(30)]
    again = row.next_check_at.astimezone(ROME)
    assert (again.day, again.month) == (1, 12)
    assert 1 <= again.hour < 4


def test_the_same_file_is_not_downloaded_again_and_the_next_one_replaces_it(site):
    site.files = {name(29): register()}
    refresh_due(NIGHT)
    refresh_due(second := next_night())
    headers = site.asked_for(name(29))
    assert len(headers) == 2
    assert headers[1]["If-None-Match"].startswith('"')
    assert headers[1]["If-Modified-Since"] == "Mon, 30 Nov 2026 01:00:00 GMT"
    assert (source().outcome, RegisterImport.objects.count()) == (NightOutcome.UNCHANGED, 1)
    assert source().checked_at == second
    site.files[name(30)] = register(*range(1, 301))
    refresh_due(next_night())
    assert (source().outcome, Pharmacy.objects.count()) == (NightOutcome.IMPORTED, 300)
    assert [path.name for path in keeping.folder_of(NationalRegister.FARMACIE, whole=True).iterdir()] == [name(30)]


def test_nothing_is_done_before_the_next_try_is_due(site):
    site.files = {name(30): register()}
    refresh_due(NIGHT)
    refresh_due(next_night() - timedelta(seconds=1))
    assert len(site.asked_for("dataset")) == 1


def test_a_site_that_refuses_our_agent_is_called_again_later_and_later_until_the_night_ends(site, settings):
    RegisterImport.objects.create(at=NIGHT, file=name(1), day=NIGHT.date(), rows=1, unnamed=0, pharmacies=1)
    site.files, site.agent = {name(30): register()}, "Un programma noto"
    RegisterSource.objects.create(register="farmacie", next_check_at=NIGHT)
    tries, now = [], NIGHT
    while now < NIGHT + timedelta(hours=6):
        refresh_due(now)
        tries.append(now)
        now = next_night()
    row = source()
    assert (row.outcome, row.status, row.failing_since) == (NightOutcome.REFUSED, 403, NIGHT)
    assert "REGISTER_USER_AGENT" in row.detail
    pauses = [(later - earlier).total_seconds() / 60 for earlier, later in pairwise(tries)]
    assert len(tries) in range(6, 11)
    assert pauses[0] < 13 <= 15 < pauses[1] < 25
    assert max(pauses) <= 72
    assert all(1 <= at.astimezone(ROME).hour < 7 for at in tries)
    settings.REGISTER_USER_AGENT = "Un programma noto"
    refresh_due(now)
    assert (source().outcome, source().failing_since, Pharmacy.objects.count()) == (NightOutcome.IMPORTED, None, 299)


def test_a_file_that_breaks_off_changes_nothing_and_the_next_try_goes_on_from_there(site):
    site.files = {name(29): register()}
    refresh_due(NIGHT)
    site.files[name(30)] = register(*range(1, 299), name="Al Redentore")
    site.cut = True
    refresh_due(next_night())
    row = source()
    assert (row.outcome, row.flaw) == (NightOutcome.NOT_WHOLE, "shorter")
    assert (Pharmacy.objects.filter(name="Al Redentore").count(), RegisterImport.objects.count()) == (0, 1)
    site.cut = False
    refresh_due(row.next_check_at)
    assert site.asked_for(name(30))[-1]["Range"].startswith("bytes=")
    assert (source().outcome, Pharmacy.objects.filter(name="Al Redentore").count()) == (NightOutcome.IMPORTED, 298)
    assert not Pharmacy.objects.exclude(closed_on=None).exists()


def test_a_file_with_too_few_pharmacies_closes_nothing_and_is_imported_once(site):
    site.files = {name(29): register()}
    refresh_due(NIGHT)
    site.files[name(30)] = register(*range(1, 200), name="Al Redentore")
    refresh_due(next_night())
    refresh_due(next_night())
    row = source()
    assert (row.outcome, row.flaw, row.etag) == (NightOutcome.NOT_WHOLE, "fewer", "")
    assert row.attempts == 2
    assert not Pharmacy.objects.exclude(absent_since=None, closed_on=None).exists()
    assert Entry.objects.filter(verb="register.in_part").count() == 1
    kept = keeping.folder_of(NationalRegister.FARMACIE, whole=False) / name(30)
    assert kept.exists()
    assert keeping.kept_file(NationalRegister.FARMACIE).name == name(29)


def test_an_operator_who_accepts_the_file_ends_the_trouble(site):
    site.files = {name(29): register()}
    refresh_due(NIGHT)
    site.files[name(30)] = register(*range(1, 200))
    refresh_due(next_night())
    kept = keeping.folder_of(NationalRegister.FARMACIE, whole=False) / name(30)
    call_command("import_pharmacies", str(kept), accept_as_whole="la Regione ne ha chiuse cento", verbosity=0)
    refresh_due(next_night())
    assert (source().outcome, RegisterImport.objects.count()) == (NightOutcome.UNCHANGED, 3)


def test_a_file_without_a_length_is_taken_again_when_its_length_comes(site):
    site.files, site.measured = {name(30): register()}, False
    refresh_due(NIGHT)
    assert source().flaw == "no_length"
    site.measured = True
    refresh_due(next_night())
    assert source().outcome == NightOutcome.IMPORTED


def test_a_site_that_is_not_reached_is_an_outcome(site, settings):
    settings.REGISTER_FARMACIE_URL = "http://127.0.0.1:9/dataset/"
    refresh_due(NIGHT)
    assert (source().outcome, source().failing_since) == (NightOutcome.NOT_REACHED, NIGHT)


def test_a_file_that_is_no_register_is_an_outcome(site):
    site.files = {name(30): b"<html>Sito in manutenzione</html>\r\n"}
    refresh_due(NIGHT)
    assert source().outcome == NightOutcome.NOT_READ
    assert not RegisterImport.objects.exists()


def test_a_full_disk_is_an_outcome_and_leaves_the_next_try(site, monkeypatch):
    site.files = {name(30): register()}

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pharmacies.files.download.Download._write", full)
    refresh_due(NIGHT)
    assert source().outcome == NightOutcome.FAILED
    assert "No space left" in source().detail
    assert source().next_check_at > NIGHT


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_download_one_file(site):
    site.files, site.pause = {name(30): register()}, 0.2
    in_parallel([lambda: refresh_due(NIGHT)] * 3)
    assert len(site.asked_for(name(30))) == 1
    assert RegisterImport.objects.count() == 1


def test_a_killed_worker_holds_the_lease_and_the_next_one_comes_after_it(site):
    site.files = {name(30): register()}
    RegisterSource.objects.create(
        register="farmacie",
        next_check_at=NIGHT,
        leased_until=NIGHT + timedelta(minutes=5),
        attempts=1,
        checked_at=NIGHT,
    )
    refresh_due(NIGHT + timedelta(minutes=4))
    assert site.requests == []
    refresh_due(NIGHT + timedelta(minutes=5))
    assert (source().outcome, source().leased_until) == (NightOutcome.IMPORTED, None)


def test_a_worker_that_lost_its_lease_writes_nothing(site, monkeypatch):
    """A worker stopped for longer than its lease: another one took the register meanwhile."""
    site.files = {name(30): register()}
    other = NIGHT + timedelta(hours=1)

    def lost(*args: object, **kwargs: object) -> None:
        RegisterSource.objects.update(leased_until=other)
        raise OSError

    monkeypatch.setattr("pharmacies.register.nightly.attempt._attempt", lost)
    refresh_due(NIGHT)
    assert (source().leased_until, source().outcome) == (other, "")


def test_while_another_import_runs_the_register_waits(site, monkeypatch):
    site.files = {name(30): register()}

    def busy(*args: object, **kwargs: object) -> None:
        raise ImportUnderWay

    with monkeypatch.context() as during:
        during.setattr("pharmacies.register.nightly.attempt.import_register", busy)
        refresh_due(NIGHT)
    assert (source().outcome, source().failing_since) == (NightOutcome.BUSY, None)
    refresh_due(next_night())
    assert source().outcome == NightOutcome.IMPORTED


def test_a_register_that_an_operator_imported_waits_for_the_night(site):
    RegisterImport.objects.create(at=NIGHT, file=name(30), day=NIGHT.date(), rows=1, unnamed=0, pharmacies=1)
    refresh_due(datetime(2026, 11, 30, 9, 0, tzinfo=UTC))
    assert site.requests == []
    assert source().next_check_at.astimezone(ROME).hour in (1, 2, 3)


def test_each_night_has_another_minute(site):
    site.files = {name(30): register()}
    instants = set()
    for _ in range(5):
        RegisterSource.objects.all().delete()
        RegisterSource.objects.create(register="farmacie", next_check_at=NIGHT)
        refresh_due(NIGHT)
        instants.add(next_night())
    assert len(instants) == 5


def test_the_timetable_wakes_it_and_without_an_address_nothing_happens(settings):
    assert EVERY["refresh registers"] == ("pharmacies.tasks.refresh_registers", 600)
    refresh_registers()
    assert not RegisterSource.objects.exists()


def test_both_registers_come_from_one_page_one_after_the_other(site, settings):
    settings.REGISTER_PARAFARMACIE_URL = site.page_url
    others = "\n".join([PARAFARMACIE, *(parafarmacia(str(code)) for code in range(1, 8)), ""]).encode()
    site.files = {name(30): register(), "FRM_PFARMA_7_20261130.csv": others}
    refresh_due(NIGHT)
    refresh_due(NIGHT)
    assert set(RegisterImport.objects.values_list("register", "file")) == {
        ("farmacie", name(30)), ("parafarmacie", "FRM_PFARMA_7_20261130.csv"),
    }  # fmt: skip
    counts = [Pharmacy.objects.of_register(one).count() for one in NationalRegister]
    assert counts == [299, 7]
    assert {keeping.kept_file(one).name for one in NationalRegister} == set(site.files)


def test_a_file_of_the_other_register_under_this_name_is_not_imported(site):
    others = "\n".join([PARAFARMACIE, *(parafarmacia(str(code)) for code in range(1, 8)), ""]).encode()
    site.files = {name(30): others}
    refresh_due(NIGHT)
    assert source().outcome == NightOutcome.NOT_READ
    assert "is the register of the parafarmacie" in source().detail
    assert not Pharmacy.objects.exists()
