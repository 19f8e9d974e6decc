"""Reads a CSV file with a header, row by row. The order of its columns is free; unknown columns are ignored."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO, cast

from pharmacies.files.cells import BrokenRow, letters, tidy
from pharmacies.files.encodings import FileLines, PlainBytes

DELIMITERS = (";", "\t", ",")  # the first that splits the header decides
Cells = Mapping[str, str]
Columns = Mapping[str, tuple[str, ...]]


class MissingColumns(Exception):
    """The first line is not the header of this kind of file; `str()` names the columns that it lacks."""


class NothingRead(Exception):
    """The file holds no row that can be imported; `reason`: the error of its first row ("" when the file has no rows)."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Table:
    """The rows of one file. Iterate once, then read `flaw`: "no_row_end" when the file stops in its last row, "" otherwise.

    `columns`: our name of each column and its spellings in the header. `optional`: our names of the columns that may be missing;
    their cells are "". `verbatim`: our names of the cells that keep their spaces and dashes (passwords).
    Iterating yields (line number from 1, cells by our names, or BrokenRow) and raises MissingColumns.
    """

    flaw = ""

    def __init__(
        self, file: BinaryIO, columns: Columns, *, optional: Collection[str] = (), verbatim: Collection[str] = ()
    ) -> None:
        self._lines = FileLines(io.BufferedReader(cast(Any, PlainBytes(file)), 1 << 18))
        self._columns, self._optional, self._verbatim = columns, optional, verbatim

    def __iter__(self) -> Iterator[tuple[int, Cells | BrokenRow]]:
        lines = iter(self._lines)
        _, header = next(lines, (0, ""))
        delimiter = next((mark for mark in DELIMITERS if mark in header), DELIMITERS[0])
        spelled = [letters(cell) for cell in _split(header, delimiter) or ()]
        position = self._positions(spelled, header)
        for number, line in lines:
            found = None if "\0" in line else _split(line, delimiter)
            if found is None:
                yield (
                    number,
                    BrokenRow("characters that cannot be stored, a line too long, or a quote that does not end"),
                )
            elif len(found) != len(spelled):
                yield number, BrokenRow(f"{len(found)} fields instead of {len(spelled)}")
            else:
                yield number, {name: self._cell(name, found, position) for name in self._columns}
        if not self._lines.ended:
            self.flaw = "no_row_end"

    def _positions(self, spelled: list[str], header: str) -> dict[str, int]:
        position: dict[str, int] = {}
        for name, spellings in self._columns.items():
            for spelling in spellings:
                if letters(spelling) in spelled:
                    position.setdefault(name, spelled.index(letters(spelling)))
        missing = [name for name in self._columns if name not in position and name not in self._optional]
        if missing:
            names = ", ".join(self._columns[name][0] for name in missing)
            raise MissingColumns(
                f"Missing columns in the first line: {names}. The file needs a header; columns are separated by semicolons."
            )
        return position

    def _cell(self, name: str, found: list[str], position: dict[str, int]) -> str:
        if name not in position:
            return ""
        cell = found[position[name]]
        return cell if name in self._verbatim else tidy(cell)


def _split(line: str, delimiter: str) -> list[str] | None:
    """Returns the cells of a line; None when its quotes do not match."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
