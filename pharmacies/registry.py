"""Import of the national register: what the file says against what we hold, then one transaction that makes them agree.

A pharmacy is never deleted: one that ends in the file, or is no longer in it, is closed. The file may hold the history of a
code (changes of owner, ended periods): the newest valid row tells how things stand, and the code stays.

Why one transaction for the whole file, written in batches: half a register would close or move pharmacies at random until
the next run. The file is read before it begins, so the write lock of SQLite is held for the writing only.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.db import transaction

from pharmacies import registry_history as history
from pharmacies.models import Pharmacy
from pharmacies.registry_file import BrokenRow, Header, UnknownHeader, lines_of
from pharmacies.registry_history import Change
from pharmacies.registry_rows import DOUBTS, Row, read_row
from portal.clock import ROME
from portal.journal.models import record

__all__ = ["DOUBTS", "NothingRead", "Report", "UnknownHeader", "import_register"]

T = TypeVar("T")
BATCH = 1000
PROGRESS_EVERY = 2000  # rows
SHARE_THAT_MAY_VANISH = 0.2  # of the open pharmacies: a truncated download must not close a nation
BROKEN_KEPT = 1000  # reasons remembered; the others are only counted
EXAMPLES = 3  # codes of pharmacies shown for each kind of doubt
FIELDS = (
    "name", "partita_iva", "address", "cap", "comune", "comune_code", "province", "region_code", "region", "asl_code",
    "type", "valid_from", "closed_on",
)  # fmt: skip


class NothingRead(Exception):  # noqa: N818
    """The file holds no row that can be imported."""


@dataclass
class Report:
    """What an import did, or would do: pharmacies counted once each, rows by line number."""

    rows: int = 0  # lines after the header
    pharmacies: int = 0  # codes told by good rows
    created: int = 0
    changed: int = 0
    owner_changed: int = 0  # of the changed: another partita IVA under the same code
    reopened: int = 0
    closed: int = 0
    unchanged: int = 0
    vanished_kept_open: int = 0  # no longer in the file, too many to be true: left as they were
    doubts: Counter[str] = field(default_factory=Counter)
    doubtful: int = 0  # pharmacies with at least one doubt
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    broken: int = 0
    broken_lines: list[tuple[int, str]] = field(default_factory=list)  # (line number, reason)

    def counts(self) -> dict[str, Any]:
        """The numbers for the journal."""
        names = ("rows", "pharmacies", "created", "changed", "reopened", "closed", "unchanged", "doubtful", "broken")
        return {name: getattr(self, name) for name in names} | {"vanished_kept_open": self.vanished_kept_open}

    def add_broken(self, line: int, reason: str) -> None:
        self.broken += 1
        if len(self.broken_lines) < BROKEN_KEPT:
            self.broken_lines.append((line, reason))

    def add_doubts(self, row: Row) -> None:
        self.doubtful += bool(row.doubts)
        self.doubts.update(row.doubts)
        for word in row.doubts:
            if len(self.examples[word]) < EXAMPLES:
                self.examples[word].append(row.code)


@dataclass
class Register:
    """A file that has been read: the telling row of each code, and the codes of which a broken row spoke."""

    rows: dict[str, Row]
    unreadable: set[str]


def import_register(
    path: Path,
    now: datetime,
    *,
    dry_run: bool = False,
    allow_closing: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Report:
    """Brings the pharmacies to what the file says and writes one line of the journal; `dry_run` only counts.

    When more than a fifth of the open pharmacies is no longer in the file, they are left open unless `allow_closing`:
    the rows that are there are good all the same. Raises UnknownHeader, NothingRead, OSError.
    """
    day = now.astimezone(ROME).date()
    report = Report()
    register = read_register(path, day, report, progress)
    with transaction.atomic():
        _compare_and_write(register, now, day, report, dry_run=dry_run, allow_closing=allow_closing)
        if not dry_run:
            record("register.imported", now=now, file=path.name[:80], **report.counts())
    return report


def read_register(path: Path, day: date, report: Report, progress: Callable[[int], None]) -> Register:
    """Reads the file a line at a time and keeps one row for each code. Raises UnknownHeader, NothingRead, OSError."""
    register = Register({}, set())
    with path.open("rb") as file:
        lines = lines_of(file)
        _, first = next(lines, (0, ""))
        header = Header(first)
        for number, text in lines:
            report.rows += 1
            try:
                _keep_the_telling_row(register.rows, read_row(number, text, header, day), day)
            except BrokenRow as broken:
                report.add_broken(number, str(broken))
                register.unreadable.add(broken.code)
            if report.rows % PROGRESS_EVERY == 0:
                progress(report.rows)
    if not register.rows:
        raise NothingRead
    report.pharmacies = len(register.rows)
    return register


def _keep_the_telling_row(rows: dict[str, Row], row: Row, day: date) -> None:
    other = rows.get(row.code)
    if other is not None:
        # equal in rank, the later line wins; two that are valid at once under one code deserve a look
        row, lost = (row, other) if row.rank(day) >= other.rank(day) else (other, row)
        if lost.is_valid(day):
            row = row.with_doubt("twice")
    rows[row.code] = row


def _compare_and_write(
    register: Register, now: datetime, day: date, report: Report, *, dry_run: bool, allow_closing: bool
) -> None:
    stored = Pharmacy.objects.order_by().values_list("code", *FIELDS, "doubts").iterator()
    held = {code: tuple(values) for code, *values in stored}
    to_write: list[Row] = []
    changes: list[Change] = []
    for row in register.rows.values():
        report.add_doubts(row)
        if _count(row, held.get(row.code), day, report):
            to_write.append(row)
            changes += history.changes(row, held.get(row.code), FIELDS)
    was_open = {code for code, values in held.items() if _is_open(values, day)}
    vanished = was_open - register.rows.keys() - register.unreadable
    if len(vanished) > SHARE_THAT_MAY_VANISH * len(was_open) and not allow_closing:
        report.vanished_kept_open, vanished = len(vanished), set()
    report.closed += len(vanished)
    if not dry_run:
        _write(to_write, now)
        for codes in _batches(sorted(vanished)):
            Pharmacy.objects.filter(code__in=codes).update(closed_on=day, imported_at=now)
        changes += [(code, "closed_on", None, day) for code in sorted(vanished)]
        history.write(changes, now)


def _count(row: Row, held: tuple[Any, ...] | None, day: date, report: Report) -> bool:
    """Counts the pharmacy under what happens to it; False when nothing does."""
    told = (*(getattr(row, name) for name in FIELDS), list(row.doubts))
    if held is None:
        report.created += 1
        return True
    if held == told:
        report.unchanged += 1
        return False
    was_open, is_open = _is_open(held, day), row.closed_on is None or row.closed_on > day
    if was_open and not is_open:
        report.closed += 1
    elif is_open and not was_open:
        report.reopened += 1
    else:
        report.changed += 1
        report.owner_changed += held[FIELDS.index("partita_iva")] != row.partita_iva
    return True


def _is_open(held: tuple[Any, ...], day: date) -> bool:
    closed_on = held[FIELDS.index("closed_on")]
    return closed_on is None or closed_on > day


def _write(rows: Iterable[Row], now: datetime) -> None:
    """Inserts or updates by code: two imports at once end in the same place."""
    for batch in _batches(rows):
        Pharmacy.objects.bulk_create(
            [
                Pharmacy(
                    code=row.code,
                    doubts=list(row.doubts),
                    imported_at=now,
                    **{name: getattr(row, name) for name in FIELDS},
                )
                for row in batch
            ],
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=[*FIELDS, "doubts", "imported_at"],
        )


def _batches(things: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(things)
    while batch := list(islice(remaining, BATCH)):
        yield batch
