"""Imports a file of offices: compares it with the stored ones, then writes the changes in one transaction.

The comparison runs twice: once without locks, to find the pharmacies that change, and once after these are locked, so that an
act of an operator in between is not overwritten.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from pharmacies.files.completeness import FLAWS, day_of, first_flaw, flaw_against
from pharmacies.files.lock import Import, alone_with
from pharmacies.models import Office, OfficeImport, Pharmacy
from pharmacies.people import endings
from pharmacies.people.comparing import Comparison, Ending, FileRules
from pharmacies.people.office_reading import OfficesFile, read_offices
from pharmacies.people.office_report import OfficeReport
from pharmacies.people.office_writing import Writer, batches
from portal.journal.models import record
from portal.time.clock import ROME


def import_offices(
    path: Path,
    now: datetime,
    *,
    dry_run: bool = False,
    only_these: bool = False,
    allow_ending: bool = False,
    accept_as_whole: str = "",
    doubt: str = "",
    progress: Callable[[int], None] = lambda _rows: None,
    writing: Callable[[int], None] = lambda _offices: None,
) -> OfficeReport:
    """Gives, corrects and ends the offices that files bring; `dry_run` only counts the changes.

    `only_these`: the file speaks of the pharmacies that it names and of no other. `doubt`: a key of completeness.FLAWS, found while
    the file was downloaded. `accept_as_whole`: the operator's reason for treating the file as whole in spite of its flaw.
    `allow_ending`: ends at once, however many endings there are. `progress` receives the number of rows read, `writing` that of
    offices to write. Raises MissingColumns, NothingRead, ImportUnderWay, OSError.
    """
    day = now.astimezone(ROME).date()
    report = OfficeReport(accepted_because=accept_as_whole)
    found = read_offices(path, now, report, progress)
    with alone_with(Import.OFFICES):
        known = dict(Pharmacy.objects.order_by().values_list("code", "pk"))
        found.leave_out(known, report)
        codes = sorted(found.codes & known.keys()) if only_these else None
        report.flaw = first_flaw(found.flaw, doubt) or _flaw(path.name, report.offices, codes)
        file = OfficeImport(
            at=now, file=path.name[:80], day=day_of(path.name, day), rows=report.rows, offices=report.offices,
            unnamed=report.unnamed, flaw=report.flaw, accepted_because=accept_as_whole[:200] if report.flaw else "",
            only_these=codes,
        )  # fmt: skip
        if report.flaw == "older" and not file.is_whole:
            return report  # its rows would give back what a newer file ended
        _OfficesUpdate(found, file, known, report, now, writing).run(dry_run=dry_run, allow_ending=allow_ending)
        if not dry_run:
            file.save()
            _note(file, report, now)
    return report


def _flaw(name: str, offices: int, codes: list[str] | None) -> str:
    """Compares the file with the last whole one that speaks of the same pharmacies."""
    last = OfficeImport.objects.last_whole_about(codes)
    if last is None:
        return ""
    size = (
        offices if codes is None and last.only_these is None else last.offices
    )  # two sets of pharmacies have no size in common
    return flaw_against((last.file, last.offices), name, size, settings.REGISTER_WHOLE_PERCENT)


def _note(file: OfficeImport, report: OfficeReport, now: datetime) -> None:
    detail: dict[str, Any] = {"file": file.file, **report.counts()}
    if report.flaw:
        detail |= {"why": FLAWS[report.flaw][1], "because": file.accepted_because}
    verb = "offices.imported" if not report.flaw else "offices.accepted" if report.is_whole else "offices.in_part"
    record(verb, now=now, **detail)


class _OfficesUpdate:
    def __init__(
        self,
        found: OfficesFile,
        file: OfficeImport,
        known: dict[str, int],
        report: OfficeReport,
        now: datetime,
        writing: Callable[[int], None],
    ) -> None:
        self.found, self.known, self.report, self.now, self.writing = found, known, report, now, writing
        self.codes = {pk: code for code, pk in known.items()}
        self.scope = None if file.only_these is None else [known[code] for code in file.only_these]
        self.rules = FileRules(
            now=now, day=file.day, is_whole=file.is_whole, proven=endings.AbsenceProof(file), may_name=found.may_name
        )

    def run(self, *, dry_run: bool, allow_ending: bool) -> None:
        touched = self._touched()
        # by key: the order of locks of docs/architecture.md
        for keys in batches(touched):
            Pharmacy.objects.hold_all(keys)
        comparison = Comparison(self.rules, self.report)
        for pharmacies, offices in self._stored(touched, whole=True):
            for pharmacy in pharmacies:
                comparison.compare(pharmacy, offices[pharmacy.pk], self.found.rows.get(pharmacy.code, ()))
        changes = comparison.changes
        now_ending, waiting = self._decide(changes.endings, allow_ending=allow_ending)
        self.report.ended, self.report.waiting = len(now_ending), len(waiting)
        writer = Writer(changes, now_ending, waiting, self.now)
        self.report.given = len(writer.given)
        self.report.kept += len(changes.given) - len(writer.given)
        rows = self.report.offices - len(changes.given) - self.report.changed
        self.report.unchanged = max(rows, 0)
        if not dry_run:
            self.writing(writer.size)
            writer.write()

    def _decide(self, proposed: Sequence[Ending], *, allow_ending: bool) -> tuple[list[Ending], list[Ending]]:
        """Returns the endings that happen, and the ones that wait for an operator's approval."""
        if allow_ending:
            return list(proposed), []
        new = [ending for ending in proposed if not ending.was_waiting]
        waits = endings.too_many(len(new), self.now)
        old = [ending for ending in proposed if ending.was_waiting]
        return ([], list(proposed)) if waits else (new, old)

    def _touched(self) -> list[int]:
        """The keys of the pharmacies that the file changes, in order. Compares without locks and keeps the counts of the others."""
        touched = []
        for pharmacies, offices in self._stored(self._in_scope(), whole=False):
            for pharmacy in pharmacies:
                report = OfficeReport()
                comparison = Comparison(self.rules, report)
                comparison.compare(pharmacy, offices[pharmacy.pk], self.found.rows.get(pharmacy.code, ()))
                if comparison.changes:
                    touched.append(pharmacy.pk)
                else:
                    self.report.add(report)
        return touched

    def _in_scope(self) -> list[int]:
        if self.scope is not None:
            return sorted(self.scope)
        held = Office.objects.order_by().values_list("pharmacy", flat=True).distinct()
        return sorted({*held, *(self.known[code] for code in self.found.rows)})

    def _stored(
        self, keys: Sequence[int], *, whole: bool
    ) -> Iterator[tuple[list[Pharmacy], defaultdict[int, list[Office]]]]:
        """Yields batches of pharmacies with their offices; `whole` reads the pharmacies, else they have key and code only."""
        for some in batches(keys):
            pharmacies = {pk: Pharmacy(pk=pk, code=self.codes[pk]) for pk in some}
            if whole:
                pharmacies = Pharmacy.objects.in_bulk(some)
            offices: defaultdict[int, list[Office]] = defaultdict(list)
            for office in Office.objects.filter(pharmacy__in=some).order_by("pk"):
                office.pharmacy = pharmacies[office.pharmacy_id]
                offices[office.pharmacy_id].append(office)
            yield [pharmacies[pk] for pk in some], offices
