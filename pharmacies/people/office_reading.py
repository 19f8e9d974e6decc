"""Reads a file of offices: the rows of each pharmacy, and what broken rows forbid to conclude from an absence."""

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from itertools import combinations
from pathlib import Path

from pharmacies.codes import or_a_parafarmacia
from pharmacies.files.cells import BrokenRow
from pharmacies.files.tables import NothingRead, Table
from pharmacies.people.office_report import OfficeReport
from pharmacies.people.office_rows import COLUMNS, ONE_AT_A_TIME, OPTIONAL, BrokenPerson, OfficeRow, read_row

PROGRESS_EVERY = 2000  # rows


class OfficesFile:
    """A file that was read. `flaw`: a key of completeness.FLAWS or ""."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, list[OfficeRow]] = defaultdict(list)  # by code of the pharmacy
        self.flaw = ""
        # (pharmacy, person) of broken rows, with person "" when it cannot be read: nobody there is absent
        self._broken: set[tuple[str, str]] = set()

    @property
    def codes(self) -> set[str]:
        """The pharmacies that the file names, in a readable or in a broken row."""
        return {code for code, rows in self.rows.items() if rows} | {code for code, _ in self._broken}

    def note_broken(self, broken: BrokenRow) -> None:
        if broken.code:
            self._broken.add((broken.code, broken.person if isinstance(broken, BrokenPerson) else ""))

    def may_name(self, code: str, person: str) -> bool:
        """True when a broken row may be about this person in this pharmacy."""
        return (code, "") in self._broken or (code, person) in self._broken

    def leave_out(self, known: Collection[str], report: OfficeReport) -> None:
        """Moves the rows of unknown pharmacies to the broken ones. Raises NothingRead when no row is left."""
        for code in sorted(self.rows.keys() - set(known)):
            for row in self.rows.pop(code):
                report.add_broken(
                    row.line, f"unknown pharmacy {code}: the register has no such code{or_a_parafarmacia(code)}"
                )
        report.broken_lines.sort()
        report.offices = sum(map(len, self.rows.values()))
        if not report.offices:
            line, reason = report.broken_lines[0] if report.broken_lines else (0, "")
            raise NothingRead(f"line {line}: {reason}" if reason else "")


def read_offices(path: Path, now: datetime, report: OfficeReport, progress: Callable[[int], None]) -> OfficesFile:
    """Reads the file; `progress` receives the number of rows read, every PROGRESS_EVERY rows.

    Raises MissingColumns, OSError.
    """
    found, last_is_broken = OfficesFile(), False
    with path.open("rb") as file:
        table = Table(file, COLUMNS, optional=OPTIONAL)
        for number, cells in table:
            report.rows += 1
            last_is_broken = False
            try:
                if isinstance(cells, BrokenRow):
                    raise cells
                row = read_row(number, cells, now)
                found.rows[row.code].append(row)
            except BrokenRow as broken:
                last_is_broken = True
                report.add_broken(number, str(broken))
                report.unnamed += not broken.code
                found.note_broken(broken)
            if report.rows % PROGRESS_EVERY == 0:
                progress(report.rows)
    for code, rows in found.rows.items():
        found.rows[code] = _flag_those_together(_each_once(rows), now)
    found.flaw = table.flaw or ("last_row_broken" if last_is_broken else "")
    return found


def _each_once(rows: list[OfficeRow]) -> list[OfficeRow]:
    """Keeps the row that starts later (then the later line) of two about one person and role in the same days.

    Two rows that say the same raise no doubt.
    """
    kept: list[OfficeRow] = []
    for row in rows:
        same = [
            one
            for one in kept
            if (one.codice_fiscale, one.role) == (row.codice_fiscale, row.role) and one.overlaps(row)
        ]
        if not same:
            kept.append(row)
            continue
        is_repeated = all(one.facts == row.facts for one in same)
        newest = max([*same, row], key=lambda one: (one.since is not None, one.since or one.line, one.line))
        kept = [one for one in kept if one not in same]
        kept.append(newest if is_repeated else newest.with_doubt("twice"))
    return kept


def _flag_those_together(rows: list[OfficeRow], now: datetime) -> list[OfficeRow]:
    """Adds a doubt to the rows of two titolari, or two direttori, that a pharmacy has at one time from now on."""
    together: dict[int, str] = {}
    for one, other in combinations(rows, 2):
        doubt = ONE_AT_A_TIME.get(one.role) if one.role == other.role else None  # type: ignore[call-overload]
        if doubt and one.overlaps(other) and one.is_alive(now) and other.is_alive(now):
            together |= {one.line: doubt, other.line: doubt}
    return [row.with_doubt(together[row.line]) if row.line in together else row for row in rows]
