"""Imports the addresses that the administration's former system had certified, each in force at once.

A holder must confirm an imported address within IMPORTED_ADDRESS_FOR (succession.py). The pharmacy's own certification always
wins: a pharmacy with an address in force, or with one that it or the staff revoked here, is left alone. The rows are
independent, so each batch is one transaction, and an interrupted import is completed by running it again.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial
from types import MappingProxyType
from typing import BinaryIO

from django.db import transaction

from pharmacies.addresses.examination import AddressRefused, ExaminedAddress, IsPec, examine
from pharmacies.certification import letters
from pharmacies.codes import or_a_parafarmacia
from pharmacies.files.cells import BrokenRow, code_of
from pharmacies.files.days import day_in
from pharmacies.files.lock import Import, alone_throughout
from pharmacies.files.row_by_row import BROKEN_KEPT, RowReport, readable_rows
from pharmacies.files.tables import Cells, Table
from pharmacies.models import MailCertification, PecDomain, Pharmacy
from portal.journal.models import record
from portal.outbox.letters import written_at_once
from portal.secrets.masking import mask_address
from portal.time.clock import ROME

COLUMNS = MappingProxyType(
    {
        "code": ("cod_farmacia", "codice_farmacia", "farmacia"),
        "address": ("indirizzo", "email", "mail", "indirizzo_email"),
        "since": ("dal", "certificato_il", "data"),
    }
)
WITH = "sistema precedente"  # certified_with of an imported address
BATCH = 200


@dataclass
class CertifiedReport(RowReport):
    """The result of one import, or of a dry run. Counts rows of the file."""

    COUNTED = ("rows", "certified", "unchanged", "left_alone", "doubtful", "broken")
    NAME = "pharmacy"

    certified: int = 0
    unchanged: int = 0  # the same mailbox is in force already
    left_alone: int = 0  # the pharmacy has, or has revoked, an address of its own
    doubtful: int = 0  # the domain looks like a typing error, or another pharmacy has the same mailbox
    left_lines: list[tuple[int, str]] = field(default_factory=list)  # (line, why) of the pharmacies that are left alone

    def leave(self, line: int, why: str) -> None:
        self.left_alone += 1
        if len(self.left_lines) < BROKEN_KEPT:
            self.left_lines.append((line, why))


@dataclass(frozen=True)
class CertifiedRow:
    """One readable row; `since`: midnight in Rome of the day on which the former system certified the address."""

    line: int
    code: str
    examined: ExaminedAddress
    since: datetime

    @property
    def name(self) -> str:
        return self.code


def import_certified(
    file: BinaryIO,
    name: str,
    now: datetime,
    *,
    dry_run: bool = False,
    accept_as_whole: str = "",
    progress: Callable[[CertifiedReport], None] = lambda _report: None,
) -> CertifiedReport:
    """Certifies the addresses of the file and writes one journal entry for the file; `dry_run` only counts.

    `name`: the file's name, for the journal. `accept_as_whole`: the operator's reason for importing also the last row of a
    file that stops in it. Raises MissingColumns, NothingRead, ImportUnderWay.
    """
    report = CertifiedReport(accepted_because=accept_as_whole)
    with nullcontext() if dry_run else alone_throughout(Import.CERTIFIED):
        batch: list[CertifiedRow] = []
        for row in readable_rows(Table(file, COLUMNS), report, _name_of, partial(_read, now)):
            batch.append(row)
            if len(batch) == BATCH:
                _take(batch, report, now, dry_run=dry_run)
                batch = []
                progress(report)
        _take(batch, report, now, dry_run=dry_run)
        report.refuse_nothing()
        if not dry_run:
            record("certification.file_read", now=now, file=name[:80], because=accept_as_whole, **report.counts())
    return report


def _name_of(cells: Cells) -> str:
    return code_of(cells["code"])


def _read(now: datetime, line: int, cells: Cells) -> CertifiedRow:
    """Raises BrokenRow, whose sentence does not hold the address."""
    code = code_of(cells["code"])
    if not code:
        raise BrokenRow("no code of a pharmacy")
    try:
        day: date | None = day_in(cells["since"])
    except ValueError:
        day = None
    if day is None:
        raise BrokenRow("dal: a day such as 31/12/2025", code)
    since = datetime.combine(day, time(), ROME)
    if since > now:
        raise BrokenRow("dal: a day in the future", code)
    try:
        # without a query to the DNS: thousands would take hours, and the letter that leaves is a better proof of the mailbox
        return CertifiedRow(line, code, examine(cells["address"], check_mx=False), since)
    except IsPec:
        raise BrokenRow("indirizzo: a PEC mailbox", code) from None
    except AddressRefused:
        raise BrokenRow("indirizzo: not an address that may be certified", code) from None


def _take(rows: Sequence[CertifiedRow], report: CertifiedReport, now: datetime, *, dry_run: bool) -> None:
    """Compares these rows with the stored addresses and certifies what is new, in one transaction."""
    pharmacies = Pharmacy.objects.in_bulk({row.code for row in rows}, field_name="code")
    with transaction.atomic():
        if not dry_run:
            Pharmacy.objects.hold_all(pharmacy.pk for pharmacy in pharmacies.values())
        found = MailCertification.objects.filter(pharmacy__in=pharmacies.values(), certified_at__isnull=False)
        # the newest address of each pharmacy decides: in force, or revoked
        last = {address.pharmacy_id: address for address in found.order_by("certified_at", "replaced_at")}
        elsewhere = _used_elsewhere(rows)
        added = []
        for row in rows:
            pharmacy = pharmacies.get(row.code)
            if pharmacy is None:
                report.add_broken(row.line, "", f"no pharmacy has the code {row.code}{or_a_parafarmacia(row.code)}")
            elif PecDomain.objects.cover(row.examined.domain):
                report.add_broken(row.line, row.code, "indirizzo: a PEC mailbox")
            elif not _is_left_alone(row, last.get(pharmacy.pk), report):
                report.certified += 1
                report.doubtful += bool(row.examined.suggestion or row.examined.key in elsewhere)
                added.append(_address(row, pharmacy, now))
        if dry_run or not added:
            return
        MailCertification.objects.bulk_create(added)
        with written_at_once():
            for certification in added:
                letters.imported(certification, now)
        for certification in added:
            certification.note("certification.imported", None, now, address=mask_address(certification.address))


def _is_left_alone(row: CertifiedRow, last: MailCertification | None, report: CertifiedReport) -> bool:
    if last is None:
        return False
    if last.is_current and last.address_key == row.examined.key:
        report.unchanged += 1
    elif last.is_current:
        report.leave(row.line, f"({row.code}) the pharmacy has another address in force")
    else:
        report.leave(row.line, f"({row.code}) the pharmacy's address was revoked here")
    return True


def _used_elsewhere(rows: Sequence[CertifiedRow]) -> set[str]:
    """The mailboxes among these that are certified for a pharmacy already."""
    keys = [row.examined.key for row in rows]
    return set(MailCertification.objects.current().filter(address_key__in=keys).values_list("address_key", flat=True))


def _address(row: CertifiedRow, pharmacy: Pharmacy, now: datetime) -> MailCertification:
    return MailCertification(
        pharmacy=pharmacy, address=row.examined.address, address_key=row.examined.key, requested_by=None,
        requested_at=row.since, certified_at=row.since, certified_by=None, certified_with=WITH, imported_at=now,
    )  # fmt: skip
