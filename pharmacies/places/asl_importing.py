"""Imports an administration's table of the ASL: it replaces the rows of the regions that it names, in one transaction.

A table that is not whole changes nothing: half of the ASL of a divided comune would give its pharmacies to the other half. A comune whose row
cannot be read keeps its stored rows.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count

from pharmacies.files.cells import BrokenRow
from pharmacies.files.completeness import FLAWS, first_flaw
from pharmacies.files.lock import Import, alone_with
from pharmacies.files.row_by_row import RowReport
from pharmacies.files.tables import Table
from pharmacies.models import AslOfComune, Pharmacy, Utenza
from pharmacies.places.asl_rows import COLUMNS, OPTIONAL, AslRow, UnknownAsl, UnknownComune, read_row
from pharmacies.places.completing import give_comuni
from pharmacies.places.regions import regions
from pharmacies.places.spelling import key_of
from portal.journal.models import record
from portal.time.clock import ROME


@dataclass
class AslReport(RowReport):
    """The result of one import, or of a dry run. `comuni`, `divided`: comuni of the file; the others count rows or pharmacies."""

    COUNTED = ("rows", "comuni", "divided", "added", "removed", "unchanged", "broken")

    comuni: int = 0
    divided: int = 0  # comuni with several ASL
    added: int = 0
    removed: int = 0
    unchanged: int = 0
    regions: list[str] = field(default_factory=list)  # names
    unknown: list[tuple[str, int]] = field(default_factory=list)  # what is unknown, open pharmacies in that comune
    without_asl: int = 0  # open pharmacies of these regions that belong to no ASL, after the import


class _AslFile:
    """A table that was read: its rows, and the comuni whose row cannot be read."""

    def __init__(self, path: Path, report: AslReport) -> None:
        self.rows: dict[tuple[str, str], AslRow] = {}  # by comune and ASL
        self.kept: set[str] = set()
        self.unknown: dict[str, tuple[str, str]] = {}  # codice catastale or "", and name; by reason
        self.last_is_broken = False
        with path.open("rb") as file:
            table = Table(file, COLUMNS, optional=OPTIONAL)
            for line, cells in table:
                report.rows += 1
                self.last_is_broken = isinstance(cells, BrokenRow)
                try:
                    if isinstance(cells, BrokenRow):
                        raise cells
                    row = read_row(line, cells)
                    self.rows.setdefault((row.catasto, row.asl_code), row)
                except BrokenRow as broken:
                    report.add_broken(line, "", str(broken))
                    self._note(broken)
        self.flaw = table.flaw or ("last_row_broken" if self.last_is_broken else "")

    def _note(self, broken: BrokenRow) -> None:
        if isinstance(broken, UnknownAsl):
            self.kept.add(broken.catasto)
            self.unknown.setdefault(str(broken), (broken.catasto, broken.comune))
        elif isinstance(broken, UnknownComune):
            self.unknown.setdefault(str(broken), ("", broken.comune))

    def leave_out_unknown_asl(self, report: AslReport) -> None:
        """Rejects the rows of an ASL that nobody knows: without a name, in a file that has names, and of no utenza."""
        named = {(row.region_code, row.asl_code) for row in self.rows.values() if row.asl_name}
        if not named:
            return
        known = named | set(AslOfComune.objects.values_list("region_code", "asl_code"))
        known |= set(Utenza.objects.order_by().values_list("codice_regione", "codice_asl").distinct())
        for key, row in list(self.rows.items()):
            if (row.region_code, row.asl_code) not in known:
                del self.rows[key]
                broken = UnknownAsl(f"unknown ASL {row.asl_code} without a name", row.catasto, row.comune)
                report.add_broken(row.line, row.comune, str(broken))
                self._note(broken)


def import_asl(
    path: Path, now: datetime, *, dry_run: bool = False, accept_as_whole: str = "", doubt: str = ""
) -> AslReport:
    """Replaces the rows of the regions that the file names, and writes one journal entry; `dry_run` only counts.

    `doubt`: a key of completeness.FLAWS, found while the file was downloaded. `accept_as_whole`: the operator's reason for
    treating the file as whole in spite of its flaw. Raises MissingColumns, NothingRead, ImportUnderWay, OSError.
    """
    report = AslReport(accepted_because=accept_as_whole)
    file = _AslFile(path, report)
    with alone_with(Import.ASL):
        file.leave_out_unknown_asl(report)
        report.refuse_nothing()
        codes = sorted({row.region_code for row in file.rows.values()})
        if not codes:
            report.broken = report.rows
            report.refuse_nothing()
        report.regions = [regions()[code] for code in codes]
        stored = AslOfComune.objects.filter(region_code__in=codes)
        report.flaw = first_flaw(file.flaw, doubt) or _fewer(file, stored.values_list("catasto", flat=True))
        _compare(file, stored.exclude(catasto__in=file.kept), report)
        if report.is_whole and not dry_run:
            give_comuni(Pharmacy.objects.filter(catasto=""))
            stored.exclude(catasto__in=file.kept).delete()
            AslOfComune.objects.bulk_create(_rows_of(file, now))
            detail: dict[str, Any] = {"file": path.name[:80], "regions": ", ".join(report.regions), **report.counts()}
            if report.flaw:
                detail |= {"why": FLAWS[report.flaw][1], "because": accept_as_whole}
            record("asl.accepted" if report.flaw else "asl.imported", now=now, **detail)
        here = Pharmacy.objects.open_on(now.astimezone(ROME).date())
        report.unknown = _with_pharmacies(file, here)
        if report.is_whole and not dry_run:
            report.without_asl = here.filter(region_code__in=codes).without_asl().count()
    return report


def _fewer(file: _AslFile, stored: Iterable[str]) -> str:
    """Returns "fewer" when the file names far fewer comuni than are stored for its regions."""
    named, before = {row.catasto for row in file.rows.values()} | file.kept, set(stored)
    return "fewer" if len(named) * 100 < len(before) * settings.REGISTER_WHOLE_PERCENT else ""


def _compare(file: _AslFile, stored: Any, report: AslReport) -> None:
    before = set(stored.values_list("catasto", "asl_code", "asl_name"))
    after = {(row.catasto, row.asl_code, row.asl_name) for row in file.rows.values() if row.catasto not in file.kept}
    report.added, report.removed, report.unchanged = len(after - before), len(before - after), len(after & before)
    asl_of_comune = Counter(catasto for catasto, _asl in file.rows)
    report.comuni, report.divided = len(asl_of_comune), sum(count > 1 for count in asl_of_comune.values())


def _rows_of(file: _AslFile, now: datetime) -> list[AslOfComune]:
    return [
        AslOfComune(
            catasto=row.catasto, comune=row.comune, region_code=row.region_code, asl_code=row.asl_code,
            asl_name=row.asl_name, loaded_at=now,
        )
        for row in file.rows.values() if row.catasto not in file.kept
    ]  # fmt: skip


def _with_pharmacies(file: _AslFile, pharmacies: Any) -> list[tuple[str, int]]:
    """Returns each unknown comune or ASL with the number of open pharmacies in that comune, the most first."""
    by_name: defaultdict[str, int] = defaultdict(int)
    by_catasto: Counter[str] = Counter()
    if file.unknown:
        comuni = pharmacies.order_by().values_list("catasto", "comune").annotate(number=Count("pk"))
        for catasto, comune, number in comuni:
            by_name[key_of(comune)] += number
            by_catasto[catasto] += number
    counted = [
        (reason, by_catasto[catasto] if catasto else by_name[key_of(comune)])
        for reason, (catasto, comune) in file.unknown.items()
    ]
    return sorted(counted, key=lambda pair: -pair[1])
