"""Imports a file whose rows do not depend on each other: each row that can be read is taken, whatever the others hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

from pharmacies.files.cells import BrokenRow
from pharmacies.files.tables import Cells, NothingRead, Table
from portal.secrets.masking import mask_people_in

BROKEN_KEPT = 1000  # reasons kept; further broken rows are only counted


@dataclass
class RowReport:
    """The result of one import, or of a dry run. Subclasses add counts of rows; COUNTED names the counts that the journal gets."""

    COUNTED: ClassVar[tuple[str, ...]] = ()
    NAME: ClassVar[str] = ""  # the thing that a row is about, for the sentence of a second row about it

    rows: int = 0
    broken: int = 0
    broken_lines: list[tuple[int, str]] = field(default_factory=list)  # (line, the row's name if known, and the reason)
    flaw: str = ""  # a key of completeness.FLAWS; "" when the file is whole
    accepted_because: str = ""  # the operator's reason for treating the file as whole in spite of its flaw

    @property
    def is_whole(self) -> bool:
        return not self.flaw or bool(self.accepted_because)

    def counts(self) -> dict[str, Any]:
        """The counts for the journal."""
        return {name: getattr(self, name) for name in self.COUNTED}

    def add_broken(self, line: int, name: str, reason: str) -> None:
        """`name`: of the row, "" when it cannot be read. A codice fiscale in it is masked."""
        self.broken += 1
        if len(self.broken_lines) < BROKEN_KEPT:
            self.broken_lines.append((line, f"({mask_people_in(name)}) {reason}" if name else reason))

    def refuse_nothing(self) -> None:
        """Raises NothingRead when no row of the file could be imported."""
        if self.rows == self.broken:
            raise NothingRead(self.broken_lines[0][1] if self.broken_lines else "")


class ReadableRow(Protocol):
    @property
    def line(self) -> int: ...

    @property
    def name(self) -> str:
        """The thing that the row is about: a file names it once."""


Row = TypeVar("Row", bound=ReadableRow)


def readable_rows(
    table: Table, report: RowReport, name_of: Callable[[Cells], str], read: Callable[[int, Cells], Row]
) -> Iterator[Row]:
    """Yields the rows that can be read, each name once; the last row only when the file does not stop in it.

    `name_of`: the name of a row that may be broken, "" when it cannot be read. `read` raises BrokenRow.
    """
    seen: dict[str, int] = {}
    held: Row | None = None
    for line, cells in table:
        report.rows += 1
        if held is not None:
            yield held
            held = None
        name = "" if isinstance(cells, BrokenRow) else name_of(cells)
        try:
            if isinstance(cells, BrokenRow):
                raise cells
            row = read(line, cells)
            if (earlier := seen.setdefault(row.name, line)) != line:
                raise BrokenRow(f"this {report.NAME} stands on line {earlier} already")
        except BrokenRow as broken:
            report.add_broken(line, name, str(broken))
        else:
            held = row
    report.flaw = table.flaw
    if held is not None and report.is_whole:
        yield held
    elif held is not None:
        report.add_broken(held.line, held.name, "the file stops in this row")
