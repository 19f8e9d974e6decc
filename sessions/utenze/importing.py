"""Imports the utenze of an administration's former system, so that the existing gestionali work on the first day.

The rows are independent of each other: each batch is one transaction, and an interrupted import is completed by running it
again. The slow hashes of secrets in clear are made before the transaction of their batch, on every core.

A file brings the secrets of an utenza. From the first use here, or the first change here, the portal's own are right, because
the former system does not hear of a change: no file replaces them. Nothing is disabled, blocked or unblocked, and no letter
leaves: for the pharmacy nothing has changed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, TypeAlias

from django.db import transaction

from pharmacies.codes import PARAFARMACIA_PREFIX, or_a_parafarmacia
from pharmacies.files.cells import BrokenRow
from pharmacies.files.lock import Import, alone_throughout
from pharmacies.files.row_by_row import RowReport, readable_rows
from pharmacies.files.tables import Table
from pharmacies.folding import folded
from pharmacies.models import Pharmacy, Utenza
from pharmacies.models.utenza import Secret
from portal.database.claims import hold
from portal.journal.models import record
from portal.secrets import hashing
from portal.secrets.imported_hashes import is_imported
from sessions.utenze import file_rows, life
from sessions.utenze.by_the_desk import known_spelling
from sessions.utenze.file_rows import GivenSecret, UtenzaRow

BATCH = 250
CODE_DIGITS = 6  # at most, of the code of a pharmacy or parafarmacia
_Key: TypeAlias = tuple[int, Secret]  # a secret of the file: its line, its name
_FACTS = ("codice_fiscale", "codice_regione", "codice_asl", "codice_ssa")
_WRITTEN = (*_FACTS, "supplier", "password", "pincode", "imported_at", "password_changed_at")


@dataclass
class UtenzeReport(RowReport):
    """The result of one import, or of a dry run. Counts rows of the file."""

    COUNTED = ("rows", "created", "changed", "unchanged", "own", "broken")
    NAME = "userId"

    created: int = 0
    changed: int = 0  # other facts, or newer secrets of an utenza that was never used here
    unchanged: int = 0
    own: int = 0  # utenze that the pharmacy or an operator created here: left alone
    doubtful: int = 0
    in_clear: int = 0  # rows with a secret in clear

    def add_broken(self, line: int, name: str, reason: str) -> None:
        """As RowReport; a userId of digits only is not repeated: where columns are swapped it is a pincode."""
        super().add_broken(line, "" if name.isdigit() else name, reason)


def import_utenze(
    file: BinaryIO,
    name: str,
    now: datetime,
    *,
    dry_run: bool = False,
    accept_as_whole: str = "",
    progress: Callable[[UtenzeReport], None] = lambda _report: None,
) -> UtenzeReport:
    """Imports the rows of the file, which is read once, and writes one journal entry; `dry_run` only counts.

    `name`: the file's name, for the journal. `accept_as_whole`: the operator's reason for importing also the last row of a
    file that stops in it. `progress` is called after each batch. Raises MissingColumns, NothingRead, ImportUnderWay.
    """
    report = UtenzeReport(accepted_because=accept_as_whole)
    with nullcontext() if dry_run else alone_throughout(Import.UTENZE):
        run = _UtenzeImport(report, now, dry_run=dry_run)
        batch: list[UtenzaRow] = []
        table = Table(file, file_rows.COLUMNS, optional=file_rows.OPTIONAL, verbatim=file_rows.SECRETS)
        for row in readable_rows(table, report, file_rows.user_id_of, file_rows.read):
            batch.append(row)
            if len(batch) == BATCH:
                run.take(batch)
                batch = []
                progress(report)
        run.take(batch)
        report.refuse_nothing()
        if not dry_run:
            record("utenza.file_read", now=now, file=name[:80], because=accept_as_whole, **report.counts())
    return report


@dataclass(frozen=True)
class _PlannedUtenza:
    """A row to be written: as a new utenza (`utenza` has no key), or as changed fields of a stored utenza."""

    row: UtenzaRow
    utenza: Utenza
    secrets: dict[Secret, GivenSecret] = field(repr=False)
    changed: tuple[str, ...] = ()

    @property
    def keys(self) -> set[_Key]:
        """The secrets in clear, which need a hash."""
        return {(self.row.line, name) for name, given in self.secrets.items() if given.plain}


class _UtenzeImport:
    """One import, batch by batch."""

    def __init__(self, report: UtenzeReport, now: datetime, *, dry_run: bool) -> None:
        self.report, self.now, self.dry_run = report, now, dry_run
        self.would_be_created: Counter[int] = Counter()  # by pharmacy, in a dry run
        self._spellings: dict[str, str] = {}  # of the suppliers, by their folded name

    def take(self, rows: Sequence[UtenzaRow]) -> None:
        """Compares these rows with the stored utenze and writes what is new, in one transaction."""
        if not rows:
            return
        rows = [replace(row, supplier=self._spelled(row.supplier)) for row in rows]
        if self.dry_run:
            self._plan(rows)
            return
        expected = _UtenzeImport(UtenzeReport(), self.now, dry_run=True)._plan(rows)
        hashes = _hashed(expected)
        named = Pharmacy.objects.filter(code__in={row.code for row in rows})
        with transaction.atomic():
            Pharmacy.objects.hold_all(named.values_list("pk", flat=True))
            hold(Utenza.objects.filter(user_id__in=[row.user_id for row in rows]))
            planned = self._plan(rows)
            hashes |= _hashed([plan for plan in planned if plan.keys - hashes.keys()])
            for plan in planned:
                self._write(plan, hashes)

    def _spelled(self, supplier: str) -> str:
        """The name as the portal spells it already: the acts on the utenze of one supplier must find all of them."""
        if supplier and (name := folded(supplier)) not in self._spellings:
            self._spellings[name] = known_spelling(supplier)
        return self._spellings[folded(supplier)] if supplier else ""

    def _plan(self, rows: Sequence[UtenzaRow]) -> list[_PlannedUtenza]:
        pharmacies = Pharmacy.objects.in_bulk({row.code for row in rows}, field_name="code")
        stored = Utenza.objects.in_bulk([row.user_id for row in rows], field_name="user_id")
        places = Counter(
            Utenza.objects.filter(pharmacy__in=pharmacies.values()).order_by().values_list("pharmacy", flat=True)
        )
        places.update(self.would_be_created)
        plans = []
        for row in rows:
            try:
                planned = self._planned(row, pharmacies.get(row.code), stored.get(row.user_id), places)
            except BrokenRow as broken:
                self.report.add_broken(row.line, row.user_id, str(broken))
                continue
            self.report.doubtful += row.is_doubtful
            self.report.in_clear += any(secret.plain for secret in row.secrets.values())
            if planned is not None:
                plans.append(planned)
        return plans

    def _planned(
        self, row: UtenzaRow, pharmacy: Pharmacy | None, utenza: Utenza | None, places: Counter[int]
    ) -> _PlannedUtenza | None:
        """Returns what to write, None for nothing, and counts the row. Raises BrokenRow."""
        if pharmacy is None:
            raise BrokenRow(f"no pharmacy has {_shown(row.code)}")
        if utenza is None:
            if places[pharmacy.pk] >= life.AT_MOST:
                raise BrokenRow(f"the pharmacy has {life.AT_MOST} utenze already")
            places[pharmacy.pk] += 1
            if self.dry_run:
                self.would_be_created[pharmacy.pk] += 1
            self.report.created += 1
            fresh = Utenza(
                pharmacy=pharmacy, user_id=row.user_id, supplier=row.supplier, created_at=self.now,
                password_changed_at=self.now, imported_at=self.now, **row.facts,
            )  # fmt: skip
            return _PlannedUtenza(row, fresh, row.secrets)
        if utenza.pharmacy_id != pharmacy.pk:
            raise BrokenRow("this userId belongs to another pharmacy")
        if utenza.imported_at is None:
            self.report.own += 1
            return None
        secrets = {name: given for name, given in row.secrets.items() if _is_newer(given, getattr(utenza, name))}
        changed = [name for name, value in row.facts.items() if value != getattr(utenza, name)]
        changed += ["supplier"] if row.supplier and not utenza.supplier else []
        if not secrets and not changed:
            self.report.unchanged += 1
            return None
        self.report.changed += 1
        return _PlannedUtenza(row, utenza, secrets, tuple(changed))

    def _write(self, planned: _PlannedUtenza, hashes: dict[_Key, str]) -> None:
        row, utenza, is_new = planned.row, planned.utenza, planned.utenza.pk is None
        for name in planned.changed:
            setattr(utenza, name, row.facts.get(name, row.supplier))
        for secret, given in planned.secrets.items():
            setattr(utenza, secret, given.imported or hashes[row.line, secret])
        if planned.secrets:
            utenza.imported_at = self.now
            utenza.password_changed_at = self.now
        utenza.save(force_insert=is_new, update_fields=None if is_new else _WRITTEN)
        about = utenza.pharmacy.code if utenza.pharmacy else ""
        if is_new:
            record("utenza.imported", now=self.now, about=about, subject=utenza, user_id=utenza.user_id)
        else:
            what = ", ".join(_WORDS[name] for name in (*planned.changed, *planned.secrets))
            record("utenza.updated", now=self.now, about=about, subject=utenza, user_id=utenza.user_id, what=what)


def _shown(code: str) -> str:
    """`the code 999`; not repeated when it does not look like one: where columns are swapped it is a password or a pincode."""
    number = code.removeprefix(PARAFARMACIA_PREFIX)
    if not number.isdigit() or len(number) > CODE_DIGITS:
        return "this code"
    return f"the code {code}{or_a_parafarmacia(code)}"


def _is_newer(given: GivenSecret, stored: str) -> bool:
    """Whether the file's secret replaces the stored one: only one that an earlier file brought as a hash and nobody has used."""
    return is_imported(stored) and given.imported != stored


def _hashed(planned: Sequence[_PlannedUtenza]) -> dict[_Key, str]:
    """Hashes every secret in clear, each with a salt of its own. Takes minutes for thousands."""
    given = {
        (plan.row.line, name): secret.plain for plan in planned for name, secret in plan.secrets.items() if secret.plain
    }
    return dict(zip(given, hashing.make_many(list(given.values()))))


_WORDS = {
    "codice_fiscale": "codice fiscale", "codice_regione": "codice regione", "codice_asl": "codice ASL", "codice_ssa": "codice SSA",
    "supplier": "fornitore", "password": "password", "pincode": "pincode",
}  # fmt: skip
