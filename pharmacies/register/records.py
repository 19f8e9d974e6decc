"""Reads the rows of a register as CSV, JSON or XML; the content of the file decides the format, not its name.

Each reader yields (number, cells) or (number, BrokenRow) and then sets `flaw` when the file is not complete.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

import ijson
from lxml import etree

from pharmacies.files.cells import BrokenRow, code_of, letters, tidy
from pharmacies.files.encodings import FileLines, PlainBytes
from pharmacies.register.columns import COLUMNS, Header, UnknownHeader

NEEDED = ("code", "name", "comune", "valid_from")  # a record without these fields is not a pharmacy
BY_SPELLING = {letters(spelling): name for name, spellings in COLUMNS.items() for spelling in spellings}
CODE_SPELLINGS = {letters(spelling) for spelling in COLUMNS["code"]}
HEAD = 4096  # bytes read to detect the format; the error message quotes their beginning

Cells = Mapping[str, str]
Record = tuple[int, Cells | BrokenRow]


class Records:
    """The rows of one file, in order. Iterate once, then read `flaw`: a key of completeness.FLAWS, "" for a whole file."""

    flaw = ""
    proves_its_end = True  # the format itself shows whether the file was cut

    def __iter__(self) -> Iterator[Record]:
        raise NotImplementedError


def records_of(file: BinaryIO) -> Records:
    """Returns the reader for the format of this file, which must be open at its beginning.

    Iterating over the result raises UnknownHeader.
    """
    start = PlainBytes(file).read(HEAD) or b""
    file.seek(0)
    first = start.lstrip()[:1]
    if first == b"<":
        return XmlRecords(file, start)
    plain = io.BufferedReader(cast(Any, PlainBytes(file)), 1 << 18)
    return JsonRecords(file, plain, start) if first in (b"[", b"{") else CsvRecords(plain)


class CsvRecords(Records):
    proves_its_end = False  # a file cut exactly between two rows looks whole

    def __init__(self, plain: io.BufferedReader) -> None:
        self._lines = FileLines(plain)

    def __iter__(self) -> Iterator[Record]:
        lines = iter(self._lines)
        _, first = next(lines, (0, ""))
        header = Header(first)
        for number, text in lines:
            try:
                yield number, header.cells(text)
            except BrokenRow as broken:
                yield number, broken
        if not self._lines.ended:
            self.flaw = "no_row_end"


class JsonRecords(Records):
    """Objects with a code, at any depth of the document."""

    def __init__(self, file: BinaryIO, plain: io.BufferedReader, start: bytes) -> None:
        self._file, self._plain, self._start = file, plain, start

    def __iter__(self) -> Iterator[Record]:
        prefix = self._prefix()
        self._file.seek(0)
        plain = io.BufferedReader(cast(Any, PlainBytes(self._file)), 1 << 18)
        try:
            for number, found in enumerate(ijson.items(plain, prefix), start=1):
                yield number, _cells_of(found) if isinstance(found, dict) else BrokenRow("not an object")
        except (ijson.JSONError, ValueError):  # cut, or not UTF-8
            self.flaw = "not_closed"

    def _prefix(self) -> str:
        """Returns the ijson prefix of the objects with a code: `item`, `data.item`. Raises UnknownHeader."""
        try:
            for prefix, event, value in ijson.parse(self._plain):
                if event == "map_key" and letters(str(value)) in CODE_SPELLINGS:
                    return str(prefix)
        except (ijson.JSONError, ValueError):
            pass
        raise UnknownHeader(self._start.decode(errors="replace"), [*NEEDED])


class XmlRecords(Records):
    """Elements with a code as a child or an attribute. The parser resolves no entities and opens no connection."""

    def __init__(self, file: BinaryIO, start: bytes) -> None:
        self._file, self._start = file, start

    def __iter__(self) -> Iterator[Record]:
        number, tag = 0, None
        try:
            events = etree.iterparse(
                self._file, events=("end",), resolve_entities=False, no_network=True, load_dtd=False
            )
            for _, element in events:
                if tag is None:
                    tag = _record_tag(element)
                if tag is not None and element.tag == tag:
                    number += 1
                    yield number, _cells_of(_fields(element))
                    _forget(element)
        except etree.XMLSyntaxError:
            self.flaw = "not_closed"
        if not number:
            raise UnknownHeader(self._start.decode(errors="replace"), [*NEEDED])


def _record_tag(element: Any) -> str | None:
    """Returns the tag of the records if this element is a record or the code inside one, else None."""
    if any(letters(str(name)) in CODE_SPELLINGS for name in element.attrib):
        return str(element.tag)
    parent = element.getparent()
    return str(parent.tag) if parent is not None and letters(_name_of(element)) in CODE_SPELLINGS else None


def _fields(element: Any) -> dict[str, str | None]:
    children = {_name_of(child): child.text for child in element if isinstance(child.tag, str)}
    return {**{str(name): value for name, value in element.attrib.items()}, **children}


def _name_of(element: Any) -> str:
    """Returns the field name of `<cod_farmacia>` in any namespace, or of `<field name="cod_farmacia">`."""
    if not isinstance(element.tag, str):
        return ""
    return str(element.get("name") or etree.QName(element).localname)


def _forget(element: Any) -> None:
    """Frees the record and all before it, also what stands around earlier records: a million must not fill the memory."""
    element.clear()
    for place in (element, *element.iterancestors()):
        parent = place.getparent()
        while parent is not None and place.getprevious() is not None:
            del parent[0]


def _cells_of(found: Mapping[str, Any]) -> Cells | BrokenRow:
    cells = {}
    for spelling, value in found.items():
        name = BY_SPELLING.get(letters(str(spelling)))
        if name is not None:
            cells[name] = "" if value is None else tidy(str(value))
    missing = [COLUMNS[name][0] for name in NEEDED if name not in cells]
    if missing:
        return BrokenRow(f"no {', '.join(missing)}", code_of(cells.get("code", "")))
    if any("\0" in value for value in cells.values()):
        return BrokenRow("characters that cannot be stored", code_of(cells["code"]))
    return cells
