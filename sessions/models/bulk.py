"""Jobs of the staff over many pharmacies: what was requested and how far each job has come."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, Sum, When

from pharmacies.models import Pharmacy
from portal.database.row_updates import update_row

SHEETS_KEPT_FOR = timedelta(days=1)
DOWNLOADED_WITHIN = timedelta(hours=1)
JOBS_KEPT_FOR = timedelta(days=90)  # the journal keeps a line for each pharmacy, and one for the job


class BulkJobQuerySet(models.QuerySet["BulkJob"]):
    def under_way(self) -> "BulkJobQuerySet":
        return self.filter(finished_at=None, stopped_at=None)

    def in_turn(self) -> "BulkJobQuerySet":
        """Jobs under way, acts before sheets (an incident must not wait for a spreadsheet), then the oldest first."""
        return self.under_way().order_by(Case(When(act__in=BulkJob.SHEETS, then=1), default=0), "asked_at", "pk")

    def forgettable(self, now: datetime) -> "BulkJobQuerySet":
        return self.filter(asked_at__lte=now - JOBS_KEPT_FOR, items=None)

    def finish(self, now: datetime) -> int:
        """Marks the jobs with nothing left to do as finished. Returns how many."""
        left = BulkItem.objects.left().filter(job=OuterRef("pk"))
        return self.under_way().filter(~Exists(left)).update(finished_at=now)


class BulkJob(models.Model):
    """An act or a sheet. The pharmacies are written with it, one row each, and done in batches: see sessions/staff/desk/bulk.py."""

    class Act(models.TextChoices):
        REVOKE = "revoke", "Revoca degli ID SESSIONE"
        BLOCK = "block", "Blocco delle utenze"
        RENEW = "renew", "Nuove credenziali delle utenze"
        WARN = "warn", "Avviso: l’ID SESSIONE diventa obbligatorio"
        LIST = "list", "Elenco delle farmacie"
        LETTERS = "letters", "Indirizzi per l’unione di stampa"

    SHEETS = frozenset({Act.LIST, Act.LETTERS})

    act = models.CharField("che cosa", max_length=10, choices=Act.choices)
    because = models.CharField("motivo", max_length=200, blank=True)  # what the pharmacies read; a sheet has none
    # the filters in words, without the name that the operator searched
    asked_for = models.CharField("quali farmacie", max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="chi")
    asked_at = models.DateTimeField("quando")
    # only the utenze with this supplier; "": all of each pharmacy
    supplier = models.CharField("fornitore", max_length=80, blank=True, db_default="", default="")
    total = models.PositiveIntegerField("farmacie")
    # digest of the pharmacies' keys: recognises a double click
    keys_digest = models.CharField(max_length=64, db_default="", default="")
    finished_at = models.DateTimeField("finito", null=True)
    stopped_at = models.DateTimeField("fermato", null=True)
    stopped_because = models.CharField("perché è fermo", max_length=100, blank=True, db_default="", default="")

    objects = BulkJobQuerySet.as_manager()

    class Meta:
        verbose_name = "lavoro su più farmacie"
        verbose_name_plural = "lavori su più farmacie"
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(finished_at=None, stopped_at=None), name="bulk_under_way")
        ]  # the worker

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.pk}"

    @property
    def is_sheet(self) -> bool:
        return self.act in self.SHEETS

    @property
    def is_under_way(self) -> bool:
        return self.finished_at is None and self.stopped_at is None

    def sheet_is_kept(self, now: datetime) -> bool:
        """Whether the rows of this sheet can still be downloaded."""
        return self.is_sheet and self.asked_at > now - SHEETS_KEPT_FOR and self.items.exclude(cells=None).exists()

    def progress(self) -> "dict[str, int]":
        """Counts: pharmacies `done` and `failed`, pharmacies that `wait` for a retry, ids or utenze `touched`."""
        found = self.items.aggregate(
            done=Count("pk", filter=Q(done_at__isnull=False)),
            failed=Count("pk", filter=Q(failed_at__isnull=False)),
            wait=Count("pk", filter=Q(done_at=None, failed_at=None, attempts__gt=0)),
            touched=Sum("touched"),
        )
        if self.is_sheet and self.finished_at is not None and not any(found.values()):  # its rows are deleted
            found["done"] = self.total
        return {name: number or 0 for name, number in found.items()}

    def stop(self, now: datetime, because: str = "") -> bool:
        """Stops the job; pharmacies already done stay done. False when it is not under way."""
        return update_row(self, BulkJob.objects.under_way(), stopped_at=now, stopped_because=because)

    def retry(self) -> int:
        """«Riprova»: makes the failed pharmacies due again, unless the job was stopped. Returns how many."""
        again = self.items.filter(failed_at__isnull=False, job__stopped_at=None)
        many = again.update(failed_at=None, attempts=0, next_attempt_at=None)
        if many:
            update_row(self, BulkJob.objects.all(), finished_at=None)
        return many


class BulkItemQuerySet(models.QuerySet["BulkItem"]):
    def left(self) -> "BulkItemQuerySet":
        return self.filter(done_at=None, failed_at=None)

    def due(self, now: datetime) -> "BulkItemQuerySet":
        """Items to do now: never tried, or their pause is over."""
        return self.left().filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=now))

    def forgettable(self, now: datetime) -> "BulkItemQuerySet":
        """Items of sheets after SHEETS_KEPT_FOR and DOWNLOADED_WITHIN (a download under way); others after JOBS_KEPT_FOR."""
        sheets = Q(job__act__in=BulkJob.SHEETS, job__asked_at__lte=now - SHEETS_KEPT_FOR - DOWNLOADED_WITHIN)
        return self.filter(sheets | Q(job__asked_at__lte=now - JOBS_KEPT_FOR))


class BulkItem(models.Model):
    """One pharmacy of a job: waiting, done, or failed. A failed one does not stop the others."""

    job = models.ForeignKey(BulkJob, models.PROTECT, related_name="items")
    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()  # its place in the job
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(db_default=0, default=0)  # failed ones
    next_attempt_at = models.DateTimeField(null=True)
    touched = models.PositiveSmallIntegerField(default=0)  # ids revoked, utenze blocked
    cells = models.JSONField(null=True)  # of a sheet, until they are deleted

    objects = BulkItemQuerySet.as_manager()

    class Meta:
        verbose_name = "farmacia di un lavoro"
        verbose_name_plural = "farmacie di un lavoro"
        constraints = [models.UniqueConstraint(fields=["job", "pharmacy"], name="once_a_job")]
        indexes = [
            models.Index(
                fields=["job", "number"], condition=Q(done_at=None, failed_at=None), name="bulk_item_left"
            ),  # the worker
            models.Index(fields=["job", "number"], name="bulk_item_of_job"),  # the sheet
        ]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.pharmacy_id}"
