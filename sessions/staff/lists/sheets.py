"""Writes lists as CSV for an Italian Excel, or as XLSX. No cell can become a formula."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any

from django.http import HttpRequest

from portal.identity.access import staff_of
from portal.journal.models import record
from portal.secrets.masking import mask_address
from portal.time.clock import ROME, now_of
from sessions.models import BulkJob
from sessions.staff.lists.pharmacy_status import StatusRow

Cell = str | int
LINES_AT_ONCE = 200
MOMENT = "%d/%m/%Y %H:%M"  # Italian time
# First characters that start a formula (OWASP, CSV Injection), also as full-width characters.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Sheet:
    """`columns`: head and width in characters; `moments`: indexes of the columns that hold instants."""

    name: str
    columns: tuple[tuple[str, int], ...]
    cells: Callable[[Any], list[Cell]]  # of a StatusRow; of an utenza in desk/utenze_sheet.py
    moments: frozenset[int] = frozenset()

    @property
    def head(self) -> list[Cell]:
        return [name for name, _ in self.columns]


def _of_list(row: StatusRow) -> list[Cell]:
    pharmacy, newest = row.pharmacy, row.newest
    minutes = int(row.left.total_seconds() // 60)
    return [
        pharmacy.code, pharmacy.display_name, pharmacy.partita_iva, pharmacy.comune, pharmacy.province, pharmacy.region,
        row.urgency.word, newest.expires_at.astimezone(ROME).strftime(MOMENT) if newest else "",
        max(minutes, 0) if row.is_today else "", newest.last4 if newest else "",
        mask_address(row.address) if row.address else "", row.letter.outcome if row.letter else "",
    ]  # fmt: skip


def _of_letters(row: StatusRow) -> list[Cell]:
    """Name and postal address, for paper letters; nothing about ids."""
    pharmacy = row.pharmacy
    return [
        pharmacy.code, pharmacy.display_name, pharmacy.address, pharmacy.cap, pharmacy.comune, pharmacy.province,
        pharmacy.region, pharmacy.partita_iva,
    ]  # fmt: skip


SHEETS: dict[str, Sheet] = {
    BulkJob.Act.LIST: Sheet(
        "stato-sessioni",
        (
            ("Codice", 10), ("Farmacia", 40), ("Partita IVA", 14), ("Comune", 24), ("Provincia", 10), ("Regione", 24),
            ("Stato", 18), ("Scade il (ora italiana)", 20), ("Minuti residui", 14), ("ID (ultime 4)", 12),
            ("Indirizzo e-mail", 36), ("Consegna", 30),
        ),
        _of_list,
        frozenset({7}),
    ),
    BulkJob.Act.LETTERS: Sheet(
        "mai-certificate-lettere",
        (
            ("Codice", 10), ("Farmacia", 40), ("Indirizzo", 40), ("CAP", 8), ("Comune", 24), ("Provincia", 10),
            ("Regione", 24), ("Partita IVA", 14),
        ),
        _of_letters,
    ),
}  # fmt: skip


def taken_away(request: HttpRequest, verb: str, **detail: Any) -> None:
    """Records in the journal that a sheet was downloaded. A HEAD request downloads nothing."""
    if request.method == "GET":
        record(verb, now=now_of(request), actor=staff_of(request), **detail)


def harmless(cell: Cell) -> Cell:
    """The same text, with an apostrophe before it when a spreadsheet would read it as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


class _Line:
    """The file for csv.writer: returns the line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(sheet: Sheet, rows: Iterable[list[Cell]]) -> Iterator[bytes]:
    """Yields pieces of a CSV with BOM, `;` and CRLF, which an Italian Excel opens with a double click."""
    writer = csv.writer(_Line(), delimiter=";", lineterminator="\r\n")
    piece: list[str] = ["\ufeff", writer.writerow(sheet.head)]
    for number, cells in enumerate(rows, 1):
        piece.append(writer.writerow([harmless(cell) for cell in cells]))
        if number % LINES_AT_ONCE == 0:
            yield "".join(piece).encode()
            piece = []
    yield "".join(piece).encode()


def xlsx_file(sheet: Sheet, rows: Iterable[list[Cell]]) -> IO[bytes]:
    """Returns a temporary file, at its beginning; the caller closes it. Rows go to disk one by one. Text stays text."""
    import xlsxwriter  # imported late: saves memory in the processes that write no sheet

    file: IO[bytes] = TemporaryFile()  # noqa: SIM115  the caller closes it
    with xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        page = book.add_worksheet("Farmacie")
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        quoted = book.add_format({"quote_prefix": True})  # stays text even when somebody edits the cell
        for column, (_, width) in enumerate(sheet.columns):
            page.set_column(column, column, width)
        page.freeze_panes(1, 0)
        page.write_row(0, 0, sheet.head, bold)
        for number, cells in enumerate(rows, 1):
            for column, cell in enumerate(cells):
                if isinstance(cell, int):
                    page.write_number(number, column, cell)
                elif column in sheet.moments and cell:
                    page.write_datetime(number, column, datetime.strptime(cell, MOMENT), moment)  # noqa: DTZ007  wall clock
                elif cell:
                    page.write_string(number, column, cell, quoted if cell.startswith(FORMULA) else None)
    file.seek(0)
    return file
