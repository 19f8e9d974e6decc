"""Imports a national register: compares the file with the stored sites of it, then writes the changes in one transaction.

The Ministry has two, of pharmacies and of parafarmacie (NationalRegister). A file of one never changes a site of the other.

A pharmacy is never deleted. Two things close it: an end date in a whole file, or its absence from several whole files of
different days (closing.py). An incomplete file closes nothing, but its rows are imported. A file may hold the history of a
code (changes of owner, ended periods): the newest valid row gives the current state.

One transaction covers the whole file, because a half-imported register would be wrong until the next run. The file is read
before the transaction begins, so SQLite's write lock is held only while the rows are compared and written.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from heapq import merge
from pathlib import Path
from typing import Any

from django.conf import settings

from pharmacies.files.completeness import FLAWS, day_of, first_flaw, flaw_against
from pharmacies.files.lock import Import, ImportUnderWay, alone_with
from pharmacies.files.tables import NothingRead
from pharmacies.models import NationalRegister, Pharmacy, PlaceCorrection, RegisterImport
from pharmacies.places.keeping import keep_place, says_all
from pharmacies.places.regions import regions
from pharmacies.register import closing, history
from pharmacies.register.closing import Closing, ClosingRule
from pharmacies.register.columns import MixedRegisters, OtherRegister, UnknownHeader
from pharmacies.register.reading import Register, read_register
from pharmacies.register.report import ImportReport
from pharmacies.register.rows import DOUBTS, RegisterRow
from pharmacies.register.staging import BATCH, PlannedWrite, StagedRows, batches
from portal.journal.models import record
from portal.time.clock import ROME

__all__ = [
    "DOUBTS",
    "ImportReport",
    "ImportUnderWay",
    "MixedRegisters",
    "NothingRead",
    "UnknownHeader",
    "import_register",
    "read_register",
]

FIELDS = (
    "name", "partita_iva", "address", "cap", "comune", "comune_code", "catasto", "province", "region_code", "region", "asl_code",
    "type", "valid_from", "closed_on",
)  # fmt: skip
# fields that the import keeps and the register does not have
PORTAL_FIELDS = ("closing_waits", "absent_since")
HELD = ("code", "pk", *FIELDS, "doubts", *PORTAL_FIELDS)
COMPUTED = "catasto"  # not in the register: the portal's table of comuni says it, and no history is written about it
SHOWN = tuple(name for name in FIELDS if name != COMPUTED)


def import_register(
    path: Path,
    now: datetime,
    *,
    dry_run: bool = False,
    allow_closing: bool = False,
    accept_as_whole: str = "",
    doubt: str = "",
    only: NationalRegister | None = None,
    progress: Callable[[int], None] = lambda _rows: None,
    writing: Callable[[int], None] = lambda _pharmacies: None,
) -> ImportReport:
    """Updates the pharmacies from the file and writes one journal entry; `dry_run` only counts the changes.

    `doubt`: a key of completeness.FLAWS, found while the file was downloaded. `accept_as_whole`: the operator's reason for
    treating the file as whole in spite of its flaw. `allow_closing`: closes at once, however many closings there are.
    `only`: refuses a file of the other register (OtherRegister).
    `progress` receives the number of rows read, `writing` the number of pharmacies written.
    Raises UnknownHeader, MixedRegisters, NothingRead, ImportUnderWay, OSError.
    """
    day = now.astimezone(ROME).date()
    report = ImportReport(accepted_because=accept_as_whole)
    register = read_register(path, day, report, progress)
    try:
        if only is not None and register.which != only:
            raise OtherRegister(f"The file is the register of the {register.which.value}, not of the {only.value}.")
        with alone_with(Import.REGISTER):
            report.flaw = _flaw(register, path, doubt, report)
            file = RegisterImport(
                at=now, file=path.name[:80], day=day_of(path.name, day), rows=report.rows, pharmacies=report.pharmacies,
                register=register.which, unnamed=report.unnamed, flaw=report.flaw, accepted_because=accept_as_whole[:200] if report.flaw else "",
            )  # fmt: skip
            if not dry_run:
                file.save()
            _Import(register.rows, file, report, now, day, writing).run(dry_run=dry_run, allow_closing=allow_closing)
            if not dry_run:
                _note(file, report, now)
    finally:
        register.rows.close()
    return report


def _update(keys: Sequence[int], **facts: Any) -> None:
    for some in batches(keys):
        Pharmacy.objects.filter(pk__in=some).update(**facts)


def _flaw(register: Register, path: Path, doubt: str, report: ImportReport) -> str:
    """Returns the first flaw found in the file, a key of completeness.FLAWS; "" when there is none."""
    flaw = first_flaw(register.flaw, doubt, proves_its_end=register.proves_its_end)
    last = RegisterImport.objects.filter(register=register.which).last_whole()
    if flaw or last is None:
        return flaw
    return flaw_against((last.file, last.pharmacies), path.name, report.pharmacies, settings.REGISTER_WHOLE_PERCENT)


def _note(file: RegisterImport, report: ImportReport, now: datetime) -> None:
    detail = {"file": file.file, "sites": NationalRegister(file.register).value, **report.counts()}
    if report.flaw:
        detail |= {"why": FLAWS[report.flaw][1], "because": file.accepted_because}
    verb = "register.imported" if not report.flaw else "register.accepted" if report.is_whole else "register.in_part"
    record(verb, now=now, **detail)


def _stored(held: Sequence[Any] | None) -> Pharmacy | None:
    """Returns the stored pharmacy with its place only, from the columns HELD without the code."""
    if held is None:
        return None
    values = dict(zip(HELD[1:], held, strict=True))
    place = ("pk", "comune", "province", "region_code", "region", "doubts")
    return Pharmacy(**{name: values[name] for name in place})


class _Import:
    """One import: compares every row with the stored pharmacies, then writes."""

    def __init__(
        self,
        staged: StagedRows,
        file: RegisterImport,
        report: ImportReport,
        now: datetime,
        day: date,
        writing: Callable[[int], None],
    ) -> None:
        self.staged, self.file, self.report, self.now, self.day, self.writing = staged, file, report, now, day, writing
        self.register = NationalRegister(file.register)
        self.rule = ClosingRule(day, takes_away=file.is_whole)
        self.closings: list[Closing] = []
        self.reopened: list[int] = []
        self.newly_absent: list[int] = []
        # pharmacies marked as absent that the file names again
        self.back: list[int] = []
        self._read_corrections()

    def run(self, *, dry_run: bool, allow_closing: bool) -> None:
        for rows in batches(self.staged):
            self._compare(rows)
        self._look_for_the_absent()
        waits = not allow_closing and closing.too_many(len(self.closings), self.day, self.register)
        if waits:
            self.report.waiting += len(self.closings)
        else:
            self.report.closed += len(self.closings)
        if dry_run:
            return
        self._take_all()
        self._read_corrections()  # once more: nobody corrects a place while its pharmacy is locked
        # before _write(), which stores the end date of the row
        _update(self.back, absent_since=None, closing_waits=None)
        self._write()
        _update(self.newly_absent, absent_since=self.file.day)
        if waits:
            closing.let_wait(self.closings)
        else:
            closing.close(self.closings, self.now)
        closing.note_reopened(self.reopened, self.now)

    def _compare(self, rows: Sequence[RegisterRow]) -> None:
        found = Pharmacy.objects.filter(code__in=[row.code for row in rows]).order_by().values_list(*HELD)
        held = {code: values for code, *values in found}
        outcomes = []
        for read in rows:
            if read.code in held and self._is_elsewhere(held[read.code]):
                self.report.add_broken(read.line, f"the code {read.code} is that of a site of the other register")
                continue
            row = read if says_all(read) else self._kept(read, _stored(held.get(read.code)))
            self.report.add_doubts(row)
            outcome = self._outcome(row, held.get(row.code))
            if outcome is not None:
                outcomes.append((row.code, outcome))
        self.staged.plan(outcomes)

    def _is_elsewhere(self, held: Sequence[Any]) -> bool:
        """True when the stored site with this code is in the other register, which no import writes: someone changed the type."""
        is_parafarmacia: bool = held[1 + FIELDS.index("type")] == Pharmacy.Type.PARAFARMACIA
        return is_parafarmacia != (self.register == NationalRegister.PARAFARMACIE)

    def _read_corrections(self) -> None:
        self.corrections = {one.pharmacy_id: one for one in PlaceCorrection.objects.all()}

    def _kept(self, row: RegisterRow, before: Pharmacy | None) -> RegisterRow:
        """Returns the row with the place that holds for this stored pharmacy (see keep_place)."""
        correction = None if before is None else self.corrections.get(before.pk)
        return keep_place(row, before, correction, regions())

    def _outcome(self, row: RegisterRow, held: Sequence[Any] | None) -> PlannedWrite | None:
        """Returns what to write for this row, None for nothing, and counts the pharmacy in the report.

        `held`: the columns HELD of the stored pharmacy, without its code; None when it is new.
        """
        if held is None:
            self.report.created += 1
            return PlannedWrite(None, row.closed_on, None, closes=False)
        pk, *stored, waits, absent_since = held
        closed_on = stored[FIELDS.index("closed_on")]
        decided = self.rule.decide(row.closed_on, closed_on, waits)
        if decided is None:
            self.report.kept_open += 1
            return None
        values = [getattr(row, name) for name in FIELDS]
        values[FIELDS.index("closed_on")] = decided.closed_on
        computed = FIELDS.index(COMPUTED)
        comune_is_new, stored[computed] = values[computed] != stored[computed], values[computed]
        outcome = PlannedWrite(pk, decided.closed_on, decided.closing_waits, decided.closes)
        if decided.closes:
            self.closings.append(Closing(pk, row.closed_on))
            return outcome
        if [*values, list(row.doubts), decided.closing_waits] == [*stored, waits]:
            self.report.unchanged += 1
            return outcome if absent_since is not None or comune_is_new else None
        if self.rule.is_open(decided.closed_on) and not self.rule.is_open(closed_on):
            self.report.reopened += 1
            self.reopened.append(pk)
        else:
            self.report.changed += 1
            self.report.owner_changed += stored[FIELDS.index("partita_iva")] != row.partita_iva
        return outcome

    def _look_for_the_absent(self) -> None:
        """Marks the open sites of this register that a whole file does not name; closes them once enough files lack them."""
        last, proven = 0, {}
        columns = ("pk", "code", "absent_since", "closing_waits")
        still_open = Pharmacy.objects.of_register(self.register).open_on(self.day).order_by("pk").values_list(*columns)
        while batch := list(still_open.filter(pk__gt=last)[:BATCH]):
            last = batch[-1][0]
            named = self.staged.named([code for _, code, *_ in batch])
            self.back += [pk for pk, code, since, _ in batch if code in named and since is not None]
            if not self.file.is_whole:
                continue
            for pk, code, since, waits in batch:
                if code in named:
                    continue
                self.report.absent += 1
                since = since or self.file.day
                if since == self.file.day:
                    self.newly_absent.append(pk)
                if since not in proven:
                    proven[since] = closing.absence_is_proven(self.file, since)
                if proven[since] and waits is None:
                    self.closings.append(Closing(pk, self.day))

    def _take_all(self) -> None:
        """Locks every row that will be written, by key: the lock order of docs/architecture.md."""
        others = sorted({*self.back, *self.newly_absent, *(closing.pk for closing in self.closings)})
        for keys in batches(merge(self.staged.planned_keys(), others)):
            list(Pharmacy.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))

    def _write(self) -> None:
        written = 0
        for batch in self.staged.planned():
            known = Pharmacy.objects.in_bulk([outcome.pk for _, outcome in batch if outcome.pk is not None])
            changes: list[history.Change] = []
            pharmacies = []
            for read, outcome in batch:
                before = known.get(outcome.pk or 0)
                row = self._kept(read, before)
                if before is not None:
                    changes += history.changes(before, row, outcome.closed_on, SHOWN)
                pharmacies.append(self._pharmacy(row, outcome))
            Pharmacy.objects.bulk_create(
                pharmacies,
                update_conflicts=True,
                unique_fields=["code"],
                update_fields=[*FIELDS, "doubts", "imported_at", *PORTAL_FIELDS],
            )
            history.write(changes, self.now)
            written += len(batch)
            self.writing(written)

    def _pharmacy(self, row: RegisterRow, outcome: PlannedWrite) -> Pharmacy:
        values = {name: getattr(row, name) for name in FIELDS} | {"closed_on": outcome.closed_on}
        return Pharmacy(
            code=row.code,
            doubts=list(row.doubts),
            imported_at=self.now,
            closing_waits=outcome.closing_waits,
            absent_since=None,
            **values,
        )
