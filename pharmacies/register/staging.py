"""Stages the current row of each code on disk while the file is read, so that a million rows do not fill the memory.

The stage is a private SQLite database without a name: it keeps little in memory, spills to the temporary folder, and
disappears with its connection.
"""

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from pharmacies.register.rows import RegisterRow

T = TypeVar("T")
BATCH = 1000  # rows read, compared and written at once
TABLES = """
pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -32768;
create table staged (code text primary key, row text not null, pk integer, outcome text);
create table unreadable (code text primary key) without rowid;
"""


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """The values that the import writes for one row. `pk` is None when the row creates a pharmacy."""

    pk: int | None
    closed_on: date | None
    closing_waits: date | None
    # the row closes the pharmacy on its end date; closing.py decides afterwards whether that waits for approval
    closes: bool


class StagedRows:
    """The staged rows: supports `code in rows`, `len(rows)`, iteration, and batches of planned writes."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(TABLES)
        self._database.execute("begin")
        self.close = weakref.finalize(self, self._database.close)

    def __len__(self) -> int:
        return int(self._database.execute("select count(*) from staged").fetchone()[0])

    def __contains__(self, code: str) -> bool:
        return bool(self._database.execute("select 1 from staged where code = ?", [code]).fetchone())

    def keep(self, rows: Sequence[RegisterRow], day: date) -> None:
        """Stages the rows; keeps the row of each code that is current on `day`."""
        current = {code: _row(text) for code, text in self._select("code, row", [row.code for row in rows])}
        for row in rows:
            other = current.get(row.code)
            current[row.code] = row if other is None else _current(row, other, day)
        self._database.executemany(
            "insert into staged (code, row) values (?, ?) on conflict (code) do update set row = excluded.row",
            [(code, _text(row)) for code, row in current.items()],
        )

    def note_unreadable(self, code: str) -> None:
        """Notes that a broken row names this code, so that its pharmacy does not count as absent."""
        self._database.execute("insert or ignore into unreadable values (?)", [code])

    def named(self, codes: Iterable[str]) -> set[str]:
        """Returns the codes among these that the file names, in a readable or a broken row."""
        wanted = list(codes)
        places = ", ".join("?" * len(wanted))
        broken = self._database.execute(f"select code from unreadable where code in ({places})", wanted)  # noqa: S608
        return {code for (code,) in self._select("code", wanted)} | {code for (code,) in broken}

    def __iter__(self) -> Iterator[RegisterRow]:
        for (text,) in self._database.cursor().execute("select row from staged order by rowid"):
            yield _row(text)

    def plan(self, outcomes: Sequence[tuple[str, PlannedWrite]]) -> None:
        """Stores the planned write of each code."""
        self._database.executemany(
            "update staged set pk = ?, outcome = ? where code = ?",
            [(outcome.pk, _text(outcome), code) for code, outcome in outcomes],
        )

    def planned(self) -> Iterator[list[tuple[RegisterRow, PlannedWrite]]]:
        """Yields the planned writes in batches: new pharmacies first, then known ones by key (the order of locks)."""
        found = self._database.cursor().execute(
            "select row, outcome from staged where outcome is not null order by pk nulls first, rowid"
        )
        yield from batches((_row(row), _outcome(outcome)) for row, outcome in found)

    def planned_keys(self) -> Iterator[int]:
        """Returns the keys of the known pharmacies of planned(), in the same order."""
        found = "select pk from staged where outcome is not null and pk is not null order by pk"
        return (pk for (pk,) in self._database.cursor().execute(found))

    def _select(self, columns: str, codes: list[str]) -> list[tuple[Any, ...]]:
        places = ", ".join("?" * len(codes))
        return self._database.execute(
            f"select {columns} from staged where code in ({places})",  # noqa: S608  our own column names
            codes,
        ).fetchall()


def batches(things: Iterable[T]) -> Iterator[list[T]]:
    """Yields lists of at most BATCH things."""
    remaining = iter(things)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _current(row: RegisterRow, other: RegisterRow, day: date) -> RegisterRow:
    """Returns the row of higher rank; of equal rank, the later line. Two different rows valid on `day` raise a doubt."""
    row, dropped = (row, other) if row.rank(day) >= other.rank(day) else (other, row)
    is_repeated = replace(row, line=dropped.line, doubts=dropped.doubts) == dropped
    return row.with_doubt("twice") if dropped.is_valid(day) and not is_repeated else row


def _text(what: RegisterRow | PlannedWrite) -> str:
    return json.dumps([getattr(what, name) for name in what.__slots__], default=str, ensure_ascii=False)


def _row(text: str) -> RegisterRow:
    values = dict(zip(RegisterRow.__slots__, json.loads(text), strict=True))
    days = {name: _date(values[name]) for name in ("valid_from", "closed_on")}
    return RegisterRow(**{**values, **days, "doubts": tuple(values["doubts"])})


def _outcome(text: str) -> PlannedWrite:
    pk, closed_on, closing_waits, closes = json.loads(text)
    return PlannedWrite(pk, _date(closed_on), _date(closing_waits), closes)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
