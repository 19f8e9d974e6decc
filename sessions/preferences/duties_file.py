"""Imports the duties that an ASL hands out, from a CSV file, for the sites in the operator's territory.

The file adds duties and takes none away: a half file, or one of another ASL, leaves every duty that is written. Each pharmacy
is one transaction, so an interrupted import is completed by running it again.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import BinaryIO

from django.db import transaction

from pharmacies.files.cells import BrokenRow, code_of, letters
from pharmacies.files.days import day_in
from pharmacies.files.lock import Import, alone_throughout
from pharmacies.files.row_by_row import RowReport, readable_rows
from pharmacies.files.tables import Cells, Table
from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.journal.models import record
from portal.time.clock import ROME
from sessions.hours.nights import FURTHEST
from sessions.hours.week import Day, Span, UnclearHours, read_day, read_night
from sessions.preferences.days_forms import LONGEST, USUAL_DAY
from sessions.reminders import days

COLUMNS = MappingProxyType(
    {
        "code": ("cod_farmacia", "codice_farmacia", "farmacia"),
        "kind": ("turno", "tipo_turno"),
        "first": ("dal", "data", "giorno"),
        "last": ("al",),
        "begins": ("dalle", "ora_inizio"),
        "ends": ("alle", "ora_fine"),
    }
)
BY_DAY, BY_NIGHT = ("giorno", "diurno", "d", "g"), ("notte", "notturno", "n")


@dataclass
class DutyReport(RowReport):
    """The result of one import, or of a dry run. Counts rows of the file; `duties` counts days and nights."""

    COUNTED = ("rows", "duties", "unchanged", "over", "broken")
    NAME = "duty"

    duties: int = 0  # new, or with other hours
    unchanged: int = 0
    over: int = 0  # of days that have passed


@dataclass(frozen=True)
class DutyRow:
    """One readable row. `night`: the hours of a duty by night, None when the file gives none; `day`: those of a duty by day."""

    line: int
    code: str
    by_night: bool
    first: date
    last: date
    day: Day = ()
    night: Span | None = None

    @property
    def name(self) -> str:
        return f"{self.code} {self.by_night} {self.first} {self.day} {self.night}"


def import_duties(
    file: BinaryIO,
    name: str,
    now: datetime,
    *,
    by: User,
    dry_run: bool = False,
    accept_as_whole: str = "",
    progress: Callable[[DutyReport], None] = lambda _report: None,
) -> DutyReport:
    """Writes the duties of the file for the pharmacies in the territory of `by`; `dry_run` writes nothing.

    `name`: the file's name, for the journal. `accept_as_whole`: the operator's reason for importing also the last row of a
    file that stops in it. Raises MissingColumns, NothingRead, ImportUnderWay.
    """
    report = DutyReport(accepted_because=accept_as_whole)
    with nullcontext() if dry_run else alone_throughout(Import.DUTIES):
        rows: Mapping[str, list[DutyRow]] = defaultdict(list)
        table = Table(file, COLUMNS, optional=("last", "begins", "ends"))
        for row in readable_rows(table, report, lambda cells: code_of(cells["code"]), partial(_read, now)):
            rows[row.code].append(row)
        found = Pharmacy.objects.visible_to(by).in_bulk(rows.keys(), field_name="code")
        for number, (code, of_the_pharmacy) in enumerate(rows.items(), start=1):
            if code in found:
                _take(found[code], of_the_pharmacy, report, by, now, dry_run=dry_run)
            else:
                for row in of_the_pharmacy:
                    report.add_broken(row.line, "", f"no pharmacy of this territory has the code {code}")
            if not number % 200:
                progress(report)
        report.refuse_nothing()
        if not dry_run:
            record("hours.file_read", now=now, actor=by, file=name[:80], because=accept_as_whole, **report.counts())
    return report


def _read(now: datetime, line: int, cells: Cells) -> DutyRow:
    """Raises BrokenRow."""
    code, kind = code_of(cells["code"]), letters(cells["kind"])
    if not code:
        raise BrokenRow("no code of a pharmacy")
    if kind not in (*BY_DAY, *BY_NIGHT):
        raise BrokenRow("turno: giorno or notte", code)
    try:
        first = day_in(cells["first"])
        last = day_in(cells["last"]) or first
    except ValueError:
        first = last = None
    if first is None or last is None:
        raise BrokenRow("dal, al: days such as 25/12/2026", code)
    today = now.astimezone(ROME).date()
    if not first <= last <= first + timedelta(days=LONGEST):
        raise BrokenRow(f"al: not before dal, and at most {LONGEST} days after it", code)
    if last > today + FURTHEST:
        raise BrokenRow("al: more than a year ahead", code)
    day, night = _hours(cells, code, by_night=kind in BY_NIGHT)
    return DutyRow(line, code, kind in BY_NIGHT, first, last, day, night)


def _hours(cells: Cells, code: str, *, by_night: bool) -> tuple[Day, Span | None]:
    """Hours by day and by night, one of them empty."""
    if not (cells["begins"] or cells["ends"]):
        return ((), None) if by_night else (USUAL_DAY, None)
    typed = f"{cells['begins']}-{cells['ends']}"
    try:
        return ((), read_night(typed)) if by_night else (read_day(typed), None)
    except UnclearHours:
        said = "20:00 and 8:30" if by_night else "8:30 and 20:00, on one day"
        raise BrokenRow(f"dalle, alle: hours such as {said}; or both empty", code) from None


def _take(
    pharmacy: Pharmacy, rows: list[DutyRow], report: DutyReport, by: User, now: datetime, *, dry_run: bool
) -> None:
    """Writes the rows of one pharmacy, all or none."""
    yesterday = now.astimezone(ROME).date() - timedelta(days=1)
    duties = unchanged = over = 0
    try:
        with transaction.atomic():
            for row in rows:
                coming = [day for day in days.run_of_days(row.first, row.last) if day >= yesterday]
                changed = _write(pharmacy, row, coming, by, now) if coming else 0
                duties += changed
                unchanged += bool(coming) and not changed
                over += not coming
            transaction.set_rollback(dry_run)
    except days.TooManyDays:
        for row in rows:
            report.add_broken(row.line, row.code, f"more than {days.DUTIES_AT_MOST} duties to come: none was taken")
        return
    report.duties += duties
    report.unchanged += unchanged
    report.over += over


def _write(pharmacy: Pharmacy, row: DutyRow, coming: list[date], by: User, now: datetime) -> int:
    if row.by_night:
        return days.add_nights(pharmacy, coming, row.night, by, now)
    return days.add_day_duties(pharmacy, coming, row.day, by, now)
