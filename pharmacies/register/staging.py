"""The telling row of each code, kept on disk while the file is read: a million rows must not fill the memory.

A private SQLite database without a name: it holds little in memory, spills to the temporary folder, and goes with its
connection.
"""

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from pharmacies.register.rows import Row

T = TypeVar("T")
BATCH = 1000  # rows read, compared and written at once
TABLES = """
pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -32768;
create table staged (code text primary key, row text not null, pk integer, outcome text);
create table unreadable (code text primary key) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be written of a row that changes a pharmacy, or makes one (`pk` None)."""

    pk: int | None
    closed_on: date | None
    closing_waits: date | None
    closes: bool  # the row proves a closing that is not decided yet: on the day in the row


class StagedRows:
    """`code in rows`, `len(rows)`; what was staged comes back in batches."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(TABLES)
        self._database.execute("begin")
        self.close = weakref.finalize(self, self._database.close)

    def __len__(self) -> int:
        return int(self._database.execute("select count(*) from staged").fetchone()[0])

    def __contains__(self, code: str) -> bool:
        return bool(self._database.execute("select 1 from staged where code = ?", [code]).fetchone())

    def keep(self, rows: Sequence[Row], day: date) -> None:
        """Of each code the row that tells how things stand on `day`."""
        telling = {code: _row(text) for code, text in self._select("code, row", [row.code for row in rows])}
        for row in rows:
            other = telling.get(row.code)
            telling[row.code] = row if other is None else _telling(row, other, day)
        self._database.executemany(
            "insert into staged (code, row) values (?, ?) on conflict (code) do update set row = excluded.row",
            [(code, _text(row)) for code, row in telling.items()],
        )

    def note_unreadable(self, code: str) -> None:
        """A row about this code is broken: the code is in the file all the same."""
        self._database.execute("insert or ignore into unreadable values (?)", [code])

    def spoken_of(self, codes: Iterable[str]) -> set[str]:
        """The codes that the file names, in good rows or broken ones."""
        wanted = list(codes)
        places = ", ".join("?" * len(wanted))
        broken = self._database.execute(f"select code from unreadable where code in ({places})", wanted)  # noqa: S608
        return {code for (code,) in self._select("code", wanted)} | {code for (code,) in broken}

    def __iter__(self) -> Iterator[Row]:
        for (text,) in self._database.cursor().execute("select row from staged order by rowid"):
            yield _row(text)

    def plan(self, outcomes: Sequence[tuple[str, Outcome]]) -> None:
        """Notes what is to be written of these codes."""
        self._database.executemany(
            "update staged set pk = ?, outcome = ? where code = ?",
            [(outcome.pk, _text(outcome), code) for code, outcome in outcomes],
        )

    def planned(self) -> Iterator[list[tuple[Row, Outcome]]]:
        """What is to be written: new pharmacies first, then the known ones in the order in which all code locks them."""
        found = self._database.cursor().execute(
            "select row, outcome from staged where outcome is not null order by pk nulls first, rowid"
        )
        yield from batches((_row(row), _outcome(outcome)) for row, outcome in found)

    def planned_keys(self) -> Iterator[int]:
        """The known pharmacies of planned(), in its order."""
        found = "select pk from staged where outcome is not null and pk is not null order by pk"
        return (pk for (pk,) in self._database.cursor().execute(found))

    def _select(self, columns: str, codes: list[str]) -> list[tuple[Any, ...]]:
        places = ", ".join("?" * len(codes))
        return self._database.execute(
            f"select {columns} from staged where code in ({places})",  # noqa: S608  our own column names
            codes,
        ).fetchall()


def batches(things: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(things)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _telling(row: Row, other: Row, day: date) -> Row:
    """Equal in rank, the later line wins; two different ones that are valid at once under one code deserve a look."""
    row, lost = (row, other) if row.rank(day) >= other.rank(day) else (other, row)
    says_the_same = replace(row, line=lost.line, doubts=lost.doubts) == lost
    return row.with_doubt("twice") if lost.is_valid(day) and not says_the_same else row


def _text(what: Row | Outcome) -> str:
    return json.dumps([getattr(what, name) for name in what.__slots__], default=str, ensure_ascii=False)


def _row(text: str) -> Row:
    values = dict(zip(Row.__slots__, json.loads(text), strict=True))
    days = {name: _date(values[name]) for name in ("valid_from", "closed_on")}
    return Row(**{**values, **days, "doubts": tuple(values["doubts"])})


def _outcome(text: str) -> Outcome:
    pk, closed_on, closing_waits, closes = json.loads(text)
    return Outcome(pk, _date(closed_on), _date(closing_waits), closes)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
