"""Reads a file of the register into the staging database, and notes whether the file looks complete."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from pharmacies.files.cells import BrokenRow
from pharmacies.files.tables import NothingRead
from pharmacies.models import NationalRegister
from pharmacies.register.records import records_of
from pharmacies.register.report import ImportReport
from pharmacies.register.rows import RegisterRow, read_row
from pharmacies.register.staging import BATCH, StagedRows

PROGRESS_EVERY = 2000  # rows


class Register:
    """A file that was read: its register, one row for each code, and the flaw of the file (a key of completeness.FLAWS or "").

    `proves_its_end`: the format itself shows that the file is complete.
    """

    def __init__(self) -> None:
        self.rows = StagedRows()
        self.which = NationalRegister.FARMACIE
        self.flaw = ""
        self.proves_its_end = False


def read_register(path: Path, day: date, report: ImportReport, progress: Callable[[int], None]) -> Register:
    """Reads the file row by row and keeps the row of each code that is current on `day`.

    `progress` receives the number of rows read, every PROGRESS_EVERY rows. Raises UnknownHeader, MixedRegisters,
    NothingRead, OSError.
    """
    register, good, last_is_broken = Register(), _Batch(day), False
    with path.open("rb") as file:
        records = records_of(file)
        for number, cells in records:
            report.rows += 1
            last_is_broken = False
            try:
                if isinstance(cells, BrokenRow):
                    raise cells
                good.add(read_row(number, cells, day, records.register), register.rows)
            except BrokenRow as broken:
                last_is_broken = True
                report.add_broken(number, str(broken))
                report.unnamed += not broken.code
                if broken.code:
                    register.rows.note_unreadable(broken.code)
            if report.rows % PROGRESS_EVERY == 0:
                progress(report.rows)
    good.empty_into(register.rows)
    report.pharmacies = len(register.rows)
    if not report.pharmacies:
        register.rows.close()
        line, reason = report.broken_lines[0] if report.broken_lines else (0, "")
        raise NothingRead(f"line {line}: {reason}" if reason else "")
    register.flaw = records.flaw or ("last_row_broken" if last_is_broken and not records.proves_its_end else "")
    register.proves_its_end = records.proves_its_end
    register.which = report.register = records.register
    return register


class _Batch:
    """Collects rows and stages them in batches."""

    def __init__(self, day: date) -> None:
        self._day = day
        self._rows: list[RegisterRow] = []

    def add(self, row: RegisterRow, staged: StagedRows) -> None:
        self._rows.append(row)
        if len(self._rows) == BATCH:
            self.empty_into(staged)

    def empty_into(self, staged: StagedRows) -> None:
        staged.keep(self._rows, self._day)
        self._rows = []
