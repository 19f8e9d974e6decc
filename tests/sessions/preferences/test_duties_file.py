"""The duties of an ASL, from a file: added inside the operator's territory, never taken away."""

from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command

from pharmacies.files.lock import Import, alone_throughout
from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.journal.models import Entry
from sessions.ids import issuing
from sessions.models import DayDuty, NightDuty, Reminder
from sessions.reminders import days, planning
from tests.sessions.hours.test_reminder_rule import SPLIT, rome

HEAD = "cod_farmacia;turno;dal;al;dalle;alle"
NOW = rome("2026-12-24 17:30")
CHRISTMAS = "4512;giorno;25/12/2026;;8:30;19:30"
NIGHT = "4512;notte;24/12/2026;26/12/2026;20;8:30"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def oriana(san_marco, al_redentore) -> User:
    Pharmacy.objects.filter(pk=san_marco.pk).update(region_code="042")
    Pharmacy.objects.filter(pk=al_redentore.pk).update(region_code="050")
    user = User.objects.create_staff("oriana", "una password lunga", roles=["anagrafica"])
    user.limited_to = ["042"]
    user.save()
    return user


@pytest.fixture
def run(tmp_path: Path, oriana, san_marco, al_redentore):
    """run(row, row, "--dry-run"): what the command printed."""

    def import_(*lines: str, head: str = HEAD, end: str = "\n", code: int | None = None, by: str = "oriana") -> str:
        options = [line for line in lines if line.startswith("--")]
        path, out = tmp_path / "turni.csv", StringIO()
        rows = [line for line in lines if not line.startswith("--")]
        path.write_text("\n".join([head, *rows]) + end, encoding="utf-8")
        if code is None:
            call_command("import_duties", str(path), "--by", by, *options, stdout=out, stderr=out)
            return out.getvalue()
        with pytest.raises(CommandError) as failed:
            call_command("import_duties", str(path), "--by", by, *options, stdout=out, stderr=out)
        assert failed.value.returncode == code
        return out.getvalue() + str(failed.value)

    return import_


def duties() -> list[str]:
    by_day = [
        f"{duty.pharmacy.code} {duty.day:%d/%m} {duty.hours_in_words}" for duty in DayDuty.objects.order_by("day")
    ]
    nights = [f"{night.pharmacy.code} {night.evening:%d/%m}! {night.hours_in_words}" for night in NightDuty.objects.order_by("evening")]  # fmt: skip
    return [*by_day, *nights]


def test_the_duties_of_the_file_are_written_once(run, oriana) -> None:
    assert "duties             4" in run(CHRISTMAS, NIGHT)
    once = ["4512 25/12 8:30–19:30", "4512 24/12! 20–8:30", "4512 25/12! 20–8:30", "4512 26/12! 20–8:30"]
    assert duties() == once
    again = run(CHRISTMAS, NIGHT)
    assert "duties             0" in again
    assert "unchanged          2" in again
    assert duties() == once
    assert Entry.objects.filter(actor=oriana, verb="hours.file_read").count() == 2
    assert "ha letto il file dei turni «turni.csv»: 2 righe, 4 turni scritti" in Entry.objects.filter(verb="hours.file_read").first().sentence  # fmt: skip


def test_a_dry_run_counts_and_writes_nothing(run) -> None:
    said = run(CHRISTMAS, NIGHT, "--dry-run")
    assert "What would change (nothing was written):" in said
    assert "duties             4" in said
    assert duties() == []
    assert not Entry.objects.filter(verb__startswith="hours.").exists()


def test_a_half_file_takes_no_duty_away_and_its_last_row_is_not_taken(run) -> None:
    run(CHRISTMAS, NIGHT)
    before = duties()
    run("4512;giorno;27/12/2026;;8:30;13", "4512;giorno;28/12/2026;;8:30;1", end="", code=3)
    assert duties() == [before[0], "4512 27/12 8:30–13", *before[1:]]
    run("4512;giorno;27/12/2026;;8:30;13", "4512;giorno;28/12/2026;;8:30;13", "--accept-as-whole=visto", end="")
    assert "4512 28/12 8:30–13" in duties()


def test_a_pharmacy_outside_the_territory_is_an_error_of_its_line(run, al_redentore) -> None:
    said = run(CHRISTMAS, f"{al_redentore.code};giorno;25/12/2026;;;", "999999;notte;25/12/2026;;;")
    assert f"line 3: no pharmacy of this territory has the code {al_redentore.code}" in said
    assert "line 4: no pharmacy of this territory has the code 999999" in said
    assert duties() == ["4512 25/12 8:30–19:30"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (";giorno;25/12/2026;;;", "no code of a pharmacy"),
        ("4512;sempre;25/12/2026;;;", "turno: giorno or notte"),
        ("4512;giorno;natale;;;", "dal, al: days such as 25/12/2026"),
        ("4512;giorno;31/02/2027;;;", "dal, al: days such as 25/12/2026"),
        ("4512;giorno;26/12/2026;25/12/2026;;", "al: not before dal"),
        ("4512;giorno;26/12/2028;;;", "more than a year ahead"),
        ("4512;giorno;25/12/2026;;20;8", "dalle, alle: hours such as 8:30 and 20:00"),
        ("4512;notte;25/12/2026;;8;20", "dalle, alle: hours such as 20:00 and 8:30"),
        ("4512;notte;25/12/2026;;20;", "or both empty"),
        (CHRISTMAS, "this duty stands on line 2 already"),
        ("4512;giorno", "2 fields instead of 6"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_taken(run, row, reason) -> None:
    said = run(CHRISTMAS, row)
    assert "line 3:" in said
    assert reason in said
    assert duties() == ["4512 25/12 8:30–19:30"]


def test_what_is_over_is_counted_and_left_alone(run) -> None:
    assert "over               1" in run(CHRISTMAS, "4512;notte;01/12/2026;02/12/2026;;")
    assert duties() == ["4512 25/12 8:30–19:30"]


def test_hours_and_the_last_day_may_be_missing_from_the_file(run) -> None:
    run("4512,diurno,25/12/2026", "4512,notturno,2026-12-31", head="farmacia,tipo_turno,data")
    assert duties() == ["4512 25/12 8:30–20", "4512 31/12! "]


def test_more_duties_than_the_portal_keeps_take_none_of_the_pharmacy(run, monkeypatch) -> None:
    monkeypatch.setattr(days, "DUTIES_AT_MOST", 2)
    assert "none was taken" in run(CHRISTMAS, NIGHT, code=1)
    assert duties() == []


@pytest.mark.parametrize("by", ["nobody", "carla-read"])
def test_only_an_operator_with_the_role_reads_the_file(run, by) -> None:
    User.objects.create_staff("carla-read", "una password lunga", roles=["lettura"])
    assert "is no operator with the role anagrafica" in run(CHRISTMAS, by=by, code=1)
    assert duties() == []


def test_another_import_at_the_same_time_changes_nothing(run) -> None:
    with alone_throughout(Import.DUTIES):
        run(CHRISTMAS, code=4)
    assert duties() == []


def test_the_reminders_already_planned_move(run, anna, certified, san_marco, utenza, context) -> None:
    planning.set_hours(san_marco, SPLIT, anna, NOW)
    issuing.issue(utenza, context, NOW)
    run(CHRISTMAS)
    assert Reminder.objects.get().due_at == NOW + timedelta(hours=15)
    assert DayDuty.objects.get().day == date(2026, 12, 25)
