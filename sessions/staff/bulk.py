"""One act on every pharmacy that a list holds: an incident, a leaked vendor; or a sheet too long to be written while one waits.

Beginning writes one row for each pharmacy with the job itself: what matched is decided once, whoever changes state afterwards.
Each batch is one transaction (the acts, their journal lines, their letters, and that they are done): a worker killed in the
middle leaves nothing half done, and whoever comes next takes up what is left.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.contention import is_busy
from portal.identity.models import User
from portal.journal.models import record
from sessions import revoking
from sessions.models import BulkItem, BulkJob, IdSessione
from sessions.staff import sheets
from sessions.staff.listing import rows_of
from sessions.utenze import life

log = logging.getLogger(__name__)
ACTS_A_BATCH, ROWS_A_BATCH = 10, 500
WRITTEN_AT_ONCE = 2000  # rows of one INSERT
SHEETS_ARE_KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class DryRun:
    """What an act would do now: on how many pharmacies, to how many ids or utenze, and how many would not be told."""

    pharmacies: int
    touched: int
    untold: int


def dry_run(act: str, keys: Iterable[int], now: datetime) -> DryRun:
    """Counts, and changes nothing. Pharmacies with nothing to revoke or block are left out."""
    touched = _things(act, set(keys), now)
    told = (
        MailCertification.objects.current().filter(undeliverable_at=None).order_by().values_list("pharmacy", flat=True)
    )
    return DryRun(len(set(touched)), len(touched), len(set(touched).difference(told)))


def concerned(act: str, keys: Iterable[int], now: datetime) -> set[int]:
    """Those of these pharmacies that have something to revoke or block now."""
    return set(_things(act, set(keys), now))


def _things(act: str, keys: set[int], now: datetime) -> list[int]:
    """The pharmacy of each id or utenza that the act would end."""
    found: QuerySet[Any, Any] = Utenza.objects.filter(blocked_at=None, pharmacy__isnull=False)
    if act == BulkJob.Act.REVOKE:
        found = IdSessione.objects.live(now).filter(pharmacy__isnull=False)
    return [pharmacy for pharmacy in found.order_by().values_list("pharmacy", flat=True) if pharmacy in keys]


@transaction.atomic
def begin(act: str, keys: Iterable[int], asked_for: str, by: User, now: datetime, because: str = "") -> BulkJob:
    """Writes down the job and its pharmacies, by name. The worker is woken; the timetable would find it anyway."""
    keys = set(keys)
    ordered = [pk for pk in Pharmacy.objects.order_by("name", "code").values_list("pk", flat=True) if pk in keys]
    job = BulkJob.objects.create(
        act=act, because=because, asked_for=asked_for[:300], asked_by=by, asked_at=now, total=len(ordered)
    )
    BulkItem.objects.bulk_create(
        (BulkItem(job=job, pharmacy_id=pk, number=number) for number, pk in enumerate(ordered)),
        batch_size=WRITTEN_AT_ONCE,
    )
    verb = "list.exported" if job.is_sheet else f"bulk.{act}"
    record(verb, now=now, actor=by, subject=job, pharmacies=job.total, asked_for=job.asked_for, because=because)
    transaction.on_commit(_wake_the_worker, robust=True)
    return job


def advance(now: datetime) -> int:
    """Does the next batch, of the oldest job that has one. How many pharmacies it took in hand; 0: nothing is left to take.

    May run in many places at once: the rows of another are skipped.
    """
    for job in BulkJob.objects.under_way().select_related("asked_by").order_by("asked_at", "pk"):
        with transaction.atomic():
            items = _claimed(job)
            if job.is_sheet:
                _write_cells(job, items, now)
            else:
                for item in items:
                    _act(job, item, now)
        if items:
            return len(items)
    BulkJob.objects.all().finish(now)
    return 0


def forget_sheets(now: datetime) -> int:
    """The rows of sheets that nobody needs any more. How many."""
    old = BulkItem.objects.filter(job__act__in=BulkJob.SHEETS, job__asked_at__lt=now - SHEETS_ARE_KEPT_FOR)
    return old.filter(cells__isnull=False).update(cells=None)


def _claimed(job: BulkJob) -> list[BulkItem]:
    rows = BulkItem.objects.left().filter(job=job).order_by("number")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(of=("self",), skip_locked=True, no_key=True)
    return list(rows.select_related("pharmacy")[: ROWS_A_BATCH if job.is_sheet else ACTS_A_BATCH])


def _act(job: BulkJob, item: BulkItem, now: datetime) -> None:
    """One pharmacy; what goes wrong there is written down and does not stand in the way of the others."""
    try:
        with transaction.atomic():
            touched = ACTS[BulkJob.Act(job.act)](item.pharmacy, job, now)
            BulkItem.objects.filter(pk=item.pk).update(done_at=now, touched=touched)
    except Exception as error:
        if is_busy(error):
            raise
        log.exception("Job %s failed at pharmacy %s: the others go on.", job.pk, item.pharmacy.code)
        BulkItem.objects.filter(pk=item.pk).update(failed_at=now)


def _revoke(pharmacy: Pharmacy, job: BulkJob, now: datetime) -> int:
    return revoking.revoke_all(pharmacy, job.asked_by, job.because, now)


def _block(pharmacy: Pharmacy, job: BulkJob, now: datetime) -> int:
    utenze = Utenza.objects.filter(pharmacy=pharmacy, blocked_at=None).order_by("pk")
    return sum(life.block(utenza, job.because, job.asked_by, now) for utenza in utenze)


ACTS: dict[BulkJob.Act, Callable[[Pharmacy, BulkJob, datetime], int]] = {
    BulkJob.Act.REVOKE: _revoke,
    BulkJob.Act.BLOCK: _block,
}


def _write_cells(job: BulkJob, items: list[BulkItem], now: datetime) -> None:
    sheet = sheets.SHEETS[job.act]
    rows = rows_of([item.pharmacy_id for item in items], now)
    for item in items:
        item.cells, item.done_at = sheet.cells(rows[item.pharmacy_id]), now
    BulkItem.objects.bulk_update(items, ["cells", "done_at"], batch_size=100)


def failed_pharmacies(job: BulkJob, at_most: int = 50) -> list[Pharmacy]:
    """Those where the act went wrong, for who must look at them by hand."""
    failed = BulkItem.objects.filter(Q(job=job, failed_at__isnull=False)).select_related("pharmacy").order_by("number")
    return [item.pharmacy for item in failed[:at_most]]


def _wake_the_worker() -> None:
    """A courtesy: the timetable finds the job anyway."""
    from sessions.tasks import advance_bulk_jobs  # the tasks import this module

    try:
        advance_bulk_jobs.apply_async(retry=False)
    except Exception:
        log.warning("The broker does not answer: the job waits for the timetable to find it.")
