"""Reads the rows of a register as CSV, JSON or XML; the content of the file decides the format and the register, not its name.

Each reader yields (number, cells) or (number, BrokenRow) and then sets `flaw` when the file is not complete.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, cast

import ijson
from lxml import etree

from pharmacies.files.cells import BrokenRow, letters, tidy
from pharmacies.files.encodings import FileLines, PlainBytes
from pharmacies.models import NationalRegister
from pharmacies.register.columns import LAYOUTS, NEEDED, Header, Layout, MixedRegisters, UnknownHeader, layout_of

CODE_SPELLINGS = frozenset().union(*(layout.code_spellings for layout in LAYOUTS.values()))
OWN_SPELLINGS = frozenset().union(*(layout.own_spellings for layout in LAYOUTS.values()))
HEAD = 4096  # bytes read to detect the format; the error message quotes their beginning
PIECE = 1 << 20  # bytes searched at once for the columns of both registers
LONGEST_COLUMN = 64  # bytes of a piece that are searched again with the next one
# the columns of the codes, in lower case, as words of their own: COD_FARMACIA_ASL is another column
CODE_COLUMNS = (
    ("cod_farmacia", re.compile(rb"(?<![\w-])(?:cod[_-]?farmacia|codice[ _-]?identificativo[ _-]?farmacia)(?![\w-])")),
    ("codice_identificativo_sito", re.compile(rb"(?<![\w-])codice[ _-]?identificativo[ _-]?sito(?![\w-])")),
)

Cells = Mapping[str, str]
Record = tuple[int, Cells | BrokenRow]


class Records:
    """The rows of one file, in order. Iterate once, then read `flaw`: a key of completeness.FLAWS, "" for a whole file."""

    flaw = ""
    proves_its_end = True  # the format itself shows whether the file was cut
    register: NationalRegister  # known before the first row

    def __iter__(self) -> Iterator[Record]:
        raise NotImplementedError

    def _layout(self, names: Iterable[str]) -> Layout:
        """Returns the layout of a record with these columns, and notes its register. Raises MixedRegisters, UnknownHeader."""
        layout = layout_of(map(str, names), "")
        self.register = layout.register
        return layout


def records_of(file: BinaryIO) -> Records:
    """Returns the reader for the format of this file, which must be open at its beginning.

    Raises MixedRegisters; iterating over the result raises it too, and UnknownHeader.
    """
    _refuse_two_registers(file)
    start = PlainBytes(file).read(HEAD) or b""
    file.seek(0)
    first = start.lstrip()[:1]
    if first == b"<":
        return XmlRecords(file, start)
    plain = io.BufferedReader(cast(Any, PlainBytes(file)), 1 << 18)
    return JsonRecords(file, plain, start) if first in (b"[", b"{") else CsvRecords(plain)


def _refuse_two_registers(file: BinaryIO) -> None:
    """Raises MixedRegisters when the file names the code columns of both registers anywhere: two files in one."""
    file.seek(0)
    plain, found, before = io.BufferedReader(cast(Any, PlainBytes(file)), PIECE), set[str](), b""
    while piece := plain.read(PIECE):
        text = (before + piece).lower()
        found.update(name for name, column in CODE_COLUMNS if name not in found and column.search(text))
        if len(found) == len(CODE_COLUMNS):
            raise MixedRegisters(sorted(found))
        before = piece[-LONGEST_COLUMN:]
    file.seek(0)


class CsvRecords(Records):
    proves_its_end = False  # a file cut exactly between two rows looks whole

    def __init__(self, plain: io.BufferedReader) -> None:
        self._lines = FileLines(plain)

    def __iter__(self) -> Iterator[Record]:
        lines = iter(self._lines)
        _, first = next(lines, (0, ""))
        header = Header(first)
        self.register = header.layout.register
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
        prefix, code_column = self._prefix()
        layout = self._layout([code_column])
        self._file.seek(0)
        plain = io.BufferedReader(cast(Any, PlainBytes(self._file)), 1 << 18)
        try:
            for number, found in enumerate(ijson.items(plain, prefix), start=1):
                yield number, _cells_of(found, layout) if isinstance(found, dict) else BrokenRow("not an object")
        except (ijson.JSONError, ValueError):  # cut, or not UTF-8
            self.flaw = "not_closed"

    def _prefix(self) -> tuple[str, str]:
        """Returns the ijson prefix of the objects with a code (`item`, `data.item`) and its column. Raises UnknownHeader."""
        try:
            for prefix, event, value in ijson.parse(self._plain):
                if event == "map_key" and letters(str(value)) in CODE_SPELLINGS:
                    return str(prefix), str(value)
        except (ijson.JSONError, ValueError):
            pass
        raise UnknownHeader(self._start.decode(errors="replace"), NEEDED)


class XmlRecords(Records):
    """Elements with a code as a child or an attribute. The parser resolves no entities and opens no connection."""

    def __init__(self, file: BinaryIO, start: bytes) -> None:
        self._file, self._start = file, start

    def __iter__(self) -> Iterator[Record]:
        number, tag, layout = 0, None, None
        try:
            events = etree.iterparse(
                self._file, events=("end",), resolve_entities=False, no_network=True, load_dtd=False
            )
            for _, element in events:
                if tag is None:
                    tag = _record_tag(element)
                if tag is not None and element.tag == tag:
                    number += 1
                    found = _fields(element)
                    layout = layout or self._layout(found)
                    yield number, _cells_of(found, layout)
                    _forget(element)
        except etree.XMLSyntaxError:
            self.flaw = "not_closed"
        if not number:
            raise UnknownHeader(self._start.decode(errors="replace"), NEEDED)


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


def _cells_of(found: Mapping[str, Any], layout: Layout) -> Cells | BrokenRow:
    """Returns the cells by our names. Raises MixedRegisters for a record with a column that only the other register has."""
    cells = {}
    for spelling, value in found.items():
        name = layout.by_spelling.get(letters(str(spelling)))
        if name is not None:
            cells[name] = "" if value is None else tidy(str(value))
        elif letters(str(spelling)) in OWN_SPELLINGS:
            layout_of([*layout.own_spellings, str(spelling)], "")
    missing = [layout.columns[name][0] for name in NEEDED if name not in cells]
    if missing:
        return BrokenRow(f"no {', '.join(missing)}", layout.code_of(cells.get("code", "")))
    if any("\0" in value for value in cells.values()):
        return BrokenRow("characters that cannot be stored", layout.code_of(cells["code"]))
    return cells
