"""`manage.py refresh_register`: its words, its exit codes, a rehearsal; how old a register is, for /readyz and /metrics."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from pharmacies.files.download import Download
from pharmacies.models import Pharmacy, RegisterImport, RegisterSource
from pharmacies.register.nightly.age import ages
from portal.time.clock import ROME
from tests.pharmacies.register.nightly.conftest import register

NIGHT = datetime(2026, 11, 30, 1, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def today(kind: str = "csv") -> str:
    return f"FRM_FARMA_5_{timezone.now().astimezone(ROME):%Y%m%d}.{kind}"


def command(*arguments: str, **options) -> tuple[int, str, str]:
    """Exit code, stdout, stderr with the final message."""
    out, err = StringIO(), StringIO()
    try:
        call_command("refresh_register", *arguments, stdout=out, stderr=err, **options)
    except CommandError as refused:
        return refused.returncode, out.getvalue(), f"{err.getvalue()}{refused}"
    return 0, out.getvalue(), err.getvalue()


def imported(day: date, **fields) -> RegisterImport:
    values = {"at": timezone.now(), "file": f"FRM_FARMA_5_{day:%Y%m%d}.csv", "rows": 1, "unnamed": 0, "pharmacies": 1}
    return RegisterImport.objects.create(day=day, **{**values, **fields})


def test_without_an_address_it_says_which_settings_are_missing():
    code, _, said = command()
    assert code == 1
    assert "REGISTER_FARMACIE_URL or REGISTER_PARAFARMACIE_URL" in said
    code, _, said = command("parafarmacie")
    assert (code, "REGISTER_PARAFARMACIE_URL is not set" in said) == (1, True)


def test_it_imports_says_the_age_and_that_the_other_register_is_not_configured(site):
    site.files = {today(): register()}
    code, said, progress = command()
    assert code == 0
    assert f"farmacie: {today()} was imported." in said
    assert "created          299" in said
    assert "days: 0, limit 3" in said
    assert "parafarmacie: REGISTER_PARAFARMACIE_URL is not set" in progress
    assert f"Downloading {site.url}/sites/opendata/{today()}" in progress
    code, said, _ = command("farmacie")
    assert (code, f"{today()} is still the newest file (304)" in said) == (0, True)


def test_a_rehearsal_changes_nothing(site, tmp_path):
    site.files = {today(): register()}
    code, said, _ = command(dry_run=True)
    assert (code, "Nothing was written" in said) == (0, True)
    assert not Pharmacy.objects.exists()
    assert not RegisterSource.objects.exists()
    assert not (tmp_path / "register").exists()


def test_quiet_says_no_progress(site):
    site.files = {today(): register()}
    assert command("farmacie", verbosity=0)[2] == ""


@pytest.mark.parametrize(
    ("agent", "cut", "code", "words"),
    [("noto", False, 1, "403 Forbidden. Some sites answer so"), ("", True, 3, "the download broke off")],
)
def test_the_exit_code_says_what_happened(site, agent, cut, code, words):
    site.files, site.agent, site.cut = {today(): register()}, agent, cut
    found, _, said = command()
    assert (found, words in said) == (code, True)
    assert not Pharmacy.objects.exists()


def test_while_a_worker_refreshes_it_the_command_does_nothing(site):
    RegisterSource.objects.create(
        register="farmacie", next_check_at=timezone.now(), leased_until=timezone.now() + timedelta(minutes=3)
    )
    code, _, said = command()
    assert (code, "another worker" in said, site.requests) == (4, True, [])
    assert "If it was killed, wait until" in said


def test_ctrl_c_gives_the_register_back(site, monkeypatch):
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr("pharmacies.register.nightly.attempt._attempt", interrupted)
        with pytest.raises(KeyboardInterrupt):
            command()
    assert RegisterSource.objects.get().leased_until is None
    site.files = {today(): register()}
    assert command()[0] == 0


def test_of_two_registers_both_are_tried_and_the_worst_exit_code_counts(site, settings):
    settings.REGISTER_PARAFARMACIE_URL = f"{site.url}/manca.html"
    site.files = {today(): register()}
    code, said, failed = command("parafarmacie", "farmacie")
    assert (code, "farmacie: FRM_FARMA_5_" in said, "parafarmacie: The server answers 404" in failed) == (1, True, True)


def test_a_wrong_word_is_a_wrong_option(capsys):
    with pytest.raises(CommandError, match="no register: farmacie, parafarmacie"):
        call_command("refresh_register", "ospedali")


def test_a_download_by_hand_sends_the_same_agent(site, settings):
    site.files, site.agent = {today(): register()}, "Un programma noto"
    with pytest.raises(CommandError, match="REGISTER_USER_AGENT"):
        call_command("import_pharmacies", f"{site.url}/{today()}", verbosity=0)
    settings.REGISTER_USER_AGENT = "Un programma noto"
    call_command("import_pharmacies", f"{site.url}/{today()}", verbosity=0, stdout=StringIO())
    assert Pharmacy.objects.count() == 299


@pytest.mark.parametrize(("days", "stale"), [(0, False), (3, False), (4, True)])
def test_the_register_is_stale_after_three_days(settings, days, stale):
    settings.REGISTER_FARMACIE_URL = "https://dati.example/"
    imported(date(2026, 11, 30) - timedelta(days=days), at=NIGHT - timedelta(days=days))
    [age] = ages(NIGHT)
    assert (age.days, age.is_stale) == (days, stale)


def test_readyz_warns_and_names_the_register(client, settings):
    assert client.get("/readyz").json()["warnings"] == []
    settings.REGISTER_FARMACIE_URL = "https://dati.example/"
    assert "register of the farmacie: no whole file was ever imported" in client.get("/readyz").json()["warnings"][0]
    imported(timezone.now().astimezone(ROME).date() - timedelta(days=4), at=timezone.now() - timedelta(days=4))
    answer = client.get("/readyz").json()
    assert answer["checks"]["database"]["ok"]
    [warning] = answer["warnings"]
    assert warning.startswith("register of the farmacie: the last whole file, FRM_FARMA_5_")
    assert "days: 4, limit 3" in warning
    imported(timezone.now().astimezone(ROME).date())
    assert client.get("/readyz").json()["warnings"] == []


def test_a_register_nobody_configured_and_nobody_imported_does_not_warn_and_an_old_import_does(client):
    assert ages(NIGHT) == []
    imported(date(2026, 11, 20))
    [age] = ages(NIGHT)
    assert age.is_stale
    assert "REGISTER_FARMACIE_URL is not set" in age.words


def test_a_part_does_not_make_a_register_new(settings):
    imported(date(2026, 11, 20), at=NIGHT - timedelta(days=10))
    imported(date(2026, 11, 30), flaw="fewer", at=NIGHT)
    assert ages(NIGHT)[0].days == 10


def test_the_age_is_a_measure(client):
    imported(timezone.now().astimezone(ROME).date() - timedelta(days=2))
    assert 'portal_register_age_days{register="farmacie"} 2.0' in client.get("/metrics").content.decode()


def test_check_calls_no_site_and_fails_when_a_register_is_stale(site):
    imported(timezone.now().astimezone(ROME).date())
    code, said, _ = command(check=True)
    assert (code, "not tried yet" in said, site.requests) == (0, True, [])
    RegisterImport.objects.update(day=date(2026, 1, 1))
    code, said, _ = command(check=True)
    assert (code, "STALE" in said) == (1, True)


STALLED = """
import sys, django
django.setup()
from pathlib import Path
from pharmacies.files.download import Download
Download(sys.argv[1], Path(sys.argv[2]), largest=10**8).run()
"""


def test_a_killed_process_leaves_its_part_to_the_next_try(site, tmp_path, monkeypatch):
    body = register(*range(1, 20_000))
    site.files, site.stalls = {today(): body}, True
    url = f"{site.url}/{today()}"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_VAR": str(tmp_path / "var")}
    process = subprocess.Popen([sys.executable, "-c", STALLED, url, str(tmp_path)], env=environment)
    until = time.monotonic() + 30
    while not any(path.stat().st_size for path in tmp_path.glob(f"register-*/{today()}")):
        assert time.monotonic() < until
        site.wait(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    site.stalls = False
    path = Download(url, tmp_path, largest=10**8).run()
    assert path.read_bytes() == body
    assert site.asked_for(today())[-1]["Range"].startswith("bytes=")
