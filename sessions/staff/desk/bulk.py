"""Bulk jobs: one act on every pharmacy of a list, after an incident or a leak at a vendor; or a sheet too long to wait for.

`begin` writes one row per pharmacy together with the job: the list is fixed then, whatever changes afterwards. A batch is one
transaction (acts, journal lines, letters, and the marks that they are done): a worker killed halfway leaves nothing half done,
and the next worker goes on. A pharmacy whose act fails is tried again with growing pauses; after TRIES failures the page
names it, and the other pharmacies and jobs go on. Before each batch the worker checks that the operator may still act.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from pharmacies.models import MailCertification, Pharmacy, Utenza
from pharmacies.models.utenza import UtenzaQuerySet
from portal.database.claims import hold, skip_locked
from portal.identity.models import User
from portal.identity.roles import StaffRole
from portal.journal.models import record
from portal.secrets.codes import keyed_hash
from portal.time import pauses
from portal.waking import wake_after_commit
from sessions.ids import revoking
from sessions.letters import mandatory_letters
from sessions.models import BulkItem, BulkJob, IdSessione
from sessions.staff.lists import sheets, without_valid_id
from sessions.staff.lists.pharmacy_listing import rows_of
from sessions.utenze import by_the_desk, life

log = logging.getLogger(__name__)
ACTS_A_BATCH, ROWS_A_BATCH = 10, 500
WRITTEN_AT_ONCE = 2000  # rows of one INSERT
TRIES = 6  # of one pharmacy; the second follows at once, the others after 10, 20, 40 and 80 seconds
FIRST_PAUSE = timedelta(seconds=10)
TWICE_WITHIN = timedelta(minutes=1)  # the same job begun again within this time is a double click


@dataclass(frozen=True)
class DryRun:
    """The effect of an act if it ran now: numbers of pharmacies, of ids or utenze, and of pharmacies that no letter can reach."""

    pharmacies: int
    touched: int
    without_address: int


def dry_run(act: str, keys: Iterable[int], now: datetime, supplier: str = "") -> DryRun:
    """Counts, and changes nothing. Pharmacies with nothing to revoke, block or renew are left out."""
    touched = _things(act, set(keys), now, supplier)
    reachable = (
        MailCertification.objects.current().filter(undeliverable_at=None).order_by().values_list("pharmacy", flat=True)
    )
    return DryRun(len(set(touched)), len(touched), len(set(touched).difference(reachable)))


def concerned(act: str, keys: Iterable[int], now: datetime, supplier: str = "") -> set[int]:
    """The keys of the pharmacies that have something to revoke, block or renew now."""
    return set(_things(act, set(keys), now, supplier))


def fingerprint(act: str, keys: Iterable[int], supplier: str = "") -> str:
    """A keyed hash of these pharmacies: it proves that the operator confirms the list that was counted."""
    return keyed_hash(f"bulk-{act}", f"{supplier}:{' '.join(map(str, sorted(keys)))}")


def _utenze(act: str, supplier: str) -> UtenzaQuerySet:
    """The utenze that the act would change, in any pharmacy; with a supplier only those of its gestionale."""
    found = Utenza.objects.filter(pharmacy__isnull=False, **({"supplier": supplier} if supplier else {}))
    return found.filter(blocked_at=None) if act == BulkJob.Act.BLOCK else found.with_secrets()


def _things(act: str, keys: set[int], now: datetime, supplier: str) -> list[int]:
    """The pharmacy of each id or utenza that the act would change."""
    found: QuerySet[Any, Any] = _utenze(act, supplier)
    if act == BulkJob.Act.REVOKE:
        found = IdSessione.objects.within_hours(now).filter(pharmacy__isnull=False)
    return [pharmacy for pharmacy in found.order_by().values_list("pharmacy", flat=True) if pharmacy in keys]


@transaction.atomic
def begin(
    act: str, keys: Iterable[int], asked_for: str, by: User, now: datetime, because: str = "", supplier: str = ""
) -> BulkJob:
    """Writes the job and its pharmacies, ordered by name, and wakes a worker; the timetable would find the job anyway.

    Returns instead the same job of the same operator, when it is under way or at most TWICE_WITHIN old (a double click).
    """
    keys = set(keys)
    digest = fingerprint(act, keys, supplier)
    hold(User.objects.filter(pk=by.pk))
    same = BulkJob.objects.filter(act=act, asked_by=by, because=because, keys_digest=digest, stopped_at=None)
    twin = same.filter(Q(finished_at=None) | Q(asked_at__gt=now - TWICE_WITHIN)).order_by("-pk").first()
    if twin is not None:
        return twin
    ordered = [pk for pk in Pharmacy.objects.order_by("name", "code").values_list("pk", flat=True) if pk in keys]
    job = BulkJob.objects.create(
        act=act, because=because, asked_for=asked_for[:300], asked_by=by, asked_at=now, total=len(ordered),
        keys_digest=digest, supplier=supplier,
    )  # fmt: skip
    BulkItem.objects.bulk_create(
        (BulkItem(job=job, pharmacy_id=pk, number=number) for number, pk in enumerate(ordered)),
        batch_size=WRITTEN_AT_ONCE,
    )
    verb = "list.exported" if job.is_sheet else f"bulk.{act}"
    record(verb, now=now, actor=by, subject=job, pharmacies=job.total, asked_for=job.asked_for, because=because)
    wake_after_commit("sessions.tasks.advance_bulk_jobs")
    return job


def advance(now: datetime) -> int:
    """Runs the next batch of the first job that has one due. Returns its number of pharmacies; 0: nothing is due.

    Several workers may run it at once: each skips the rows that another has locked. A job that raises waits for the next round.
    """
    for job in BulkJob.objects.in_turn().select_related("asked_by"):
        try:
            items = _batch(job, now)
        except Exception:
            log.exception("Job %s: a batch failed and is tried again at the next round.", job.pk)
            continue
        if items:
            return items
    BulkJob.objects.all().finish(now)
    return 0


def forget_sheets(now: datetime) -> int:
    """Deletes the rows of sheets that are no longer kept, ROWS_A_BATCH at a time. Returns how many."""
    forgotten = 0
    while old := list(BulkItem.objects.forgettable(now).order_by("pk").values_list("pk", flat=True)[:ROWS_A_BATCH]):
        forgotten += BulkItem.objects.filter(pk__in=old).delete()[0]
    return forgotten


@transaction.atomic
def _batch(job: BulkJob, now: datetime) -> int:
    """Runs one batch of this job; returns its number of pharmacies."""
    if why := _why_not_on(job):
        if job.stop(now, why):
            record("bulk.stopped", now=now, subject=job, act=job.get_act_display(), because=why)
        return 0
    items = _claimed(job, now)
    if job.is_sheet:
        _write_cells(job, items, now)
    else:
        _hold([item.pharmacy_id for item in items])
        for item in items:
            _act(job, item, now)
    return len(items)


def _why_not_on(job: BulkJob) -> str:
    """The reason why the operator may no longer run this job; "" when they may."""
    by = job.asked_by
    if (StaffRole.LETTURA if job.is_sheet else StaffRole.SICUREZZA) not in by.roles:
        return "l’operatore che l’ha chiesto è stato disabilitato o ha perso il ruolo"
    beyond = not by.territory.is_whole_nation and (
        job.items.left().exclude(pharmacy__in=Pharmacy.objects.visible_to(by)).exists()
    )
    return "il territorio dell’operatore che l’ha chiesto è cambiato" if beyond else ""


def _claimed(job: BulkJob, now: datetime) -> list[BulkItem]:
    rows = skip_locked(BulkItem.objects.due(now).filter(job=job).order_by("number"))
    return list(rows.select_related("pharmacy")[: ROWS_A_BATCH if job.is_sheet else ACTS_A_BATCH])


def _hold(pharmacies: list[int]) -> None:
    """Locks every row that the acts of a batch change, except letters, at once.

    A batch must not wait for the second pharmacy while it holds letters of the first (docs/architecture.md, "One order of
    locks").
    """
    Pharmacy.objects.hold_all(pharmacies)
    hold(Utenza.objects.filter(pharmacy__in=pharmacies))
    hold(IdSessione.objects.filter(pharmacy__in=pharmacies).in_place())


def _act(job: BulkJob, item: BulkItem, now: datetime) -> None:
    """Acts on one pharmacy in a savepoint; a failure is tried again later and does not stop the others."""
    try:
        with transaction.atomic():
            touched = ACTS[BulkJob.Act(job.act)](item.pharmacy, job, now)
            BulkItem.objects.filter(pk=item.pk).update(done_at=now, touched=touched)
    except Exception:
        _went_wrong(item, now)


def _went_wrong(item: BulkItem, now: datetime) -> None:
    """Records a failure; call it inside the `except`. The first retry follows at once: most failures are deadlocks."""
    tries = item.attempts + 1
    log.exception("Job %s, pharmacy %s, try %d: the others go on.", item.job_id, item.pharmacy.code, tries)
    pause = pauses.growing(tries - 1, FIRST_PAUSE) if tries > 1 else timedelta()
    BulkItem.objects.filter(pk=item.pk).update(
        attempts=tries, next_attempt_at=now + pause, failed_at=now if tries >= TRIES else None
    )


def _revoke(pharmacy: Pharmacy, job: BulkJob, now: datetime) -> int:
    return revoking.revoke_all(pharmacy, job.asked_by, job.because, now)


def _block(pharmacy: Pharmacy, job: BulkJob, now: datetime) -> int:
    utenze = _utenze(job.act, job.supplier).filter(pharmacy=pharmacy).order_by("pk")
    return sum(life.block(utenza, job.because, job.asked_by, now) for utenza in utenze)


def _renew(pharmacy: Pharmacy, job: BulkJob, now: datetime) -> int:
    utenze = _utenze(job.act, job.supplier).filter(pharmacy=pharmacy).order_by("pk")
    ask = by_the_desk.ask_for_new_secrets
    return sum(ask(utenza, job.because, job.asked_by, now, at_once=True) for utenza in utenze)


def _warn(pharmacy: Pharmacy, job: BulkJob, now: datetime) -> int:
    """Writes the letter about the date; nothing when the date has passed or the address went out of use meanwhile."""
    certification = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None).first()
    coming = without_valid_id.coming_dates(pharmacy, now)
    if certification is None or not coming:
        return 0
    mandatory_letters.mandatory_soon(certification, coming, now)
    record("letter.mandatory_soon", now=now, actor=job.asked_by, subject=certification, about=pharmacy.code)
    return 1


ACTS: dict[BulkJob.Act, Callable[[Pharmacy, BulkJob, datetime], int]] = {
    BulkJob.Act.REVOKE: _revoke,
    BulkJob.Act.BLOCK: _block,
    BulkJob.Act.RENEW: _renew,
    BulkJob.Act.WARN: _warn,
}


def _write_cells(job: BulkJob, items: list[BulkItem], now: datetime) -> None:
    sheet, written = sheets.SHEETS[job.act], []
    try:
        with transaction.atomic():
            rows = rows_of([item.pharmacy_id for item in items], now)
    except Exception:
        log.exception("Job %s: these rows are read one by one.", job.pk)
        rows = {}
    for item in items:
        try:
            with transaction.atomic():
                row = rows.get(item.pharmacy_id) or rows_of([item.pharmacy_id], now)[item.pharmacy_id]
                item.cells, item.done_at = sheet.cells(row), now
        except Exception:
            _went_wrong(item, now)
        else:
            written.append(item)
    BulkItem.objects.bulk_update(written, ["cells", "done_at"], batch_size=100)


def failed_pharmacies(job: BulkJob, user: User, at_most: int = 50) -> list[Pharmacy]:
    """The pharmacies where the act failed, in the operator's present territory."""
    failed = job.items.filter(failed_at__isnull=False, pharmacy__in=Pharmacy.objects.visible_to(user))
    return [item.pharmacy for item in failed.select_related("pharmacy").order_by("number")[:at_most]]
