"""Work over many pharmacies that somebody of the staff asked for: what was asked, and how far it has come."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Sum

from pharmacies.models import Pharmacy


class BulkJobQuerySet(models.QuerySet["BulkJob"]):
    def under_way(self) -> "BulkJobQuerySet":
        return self.filter(finished_at=None, stopped_at=None)

    def finish(self, now: datetime) -> int:
        """Those with nothing left to do are finished. How many."""
        left = BulkItem.objects.left().filter(job=OuterRef("pk"))
        return self.under_way().filter(~Exists(left)).update(finished_at=now)


class BulkJob(models.Model):
    """An act or a sheet. The pharmacies are written with it, one row each, and done in batches: see sessions/staff/bulk.py."""

    class Act(models.TextChoices):
        REVOKE = "revoke", "Revoca degli ID SESSIONE"
        BLOCK = "block", "Blocco delle utenze"
        LIST = "list", "Elenco delle farmacie"
        LETTERS = "letters", "Indirizzi per l’unione di stampa"

    SHEETS = frozenset({Act.LIST, Act.LETTERS})

    act = models.CharField("che cosa", max_length=10, choices=Act.choices)
    because = models.CharField("motivo", max_length=200, blank=True)  # what the pharmacies read; a sheet has none
    asked_for = models.CharField(
        "quali farmacie", max_length=300
    )  # the filters in words; never a name that was searched
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="chi")
    asked_at = models.DateTimeField("quando")
    total = models.PositiveIntegerField("farmacie")
    finished_at = models.DateTimeField("finito", null=True)
    stopped_at = models.DateTimeField("fermato", null=True)

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

    def progress(self) -> "dict[str, int]":
        """`done` and `failed` pharmacies, and how many ids or utenze were `touched`."""
        found = self.items.aggregate(
            done=Count("pk", filter=Q(done_at__isnull=False)),
            failed=Count("pk", filter=Q(failed_at__isnull=False)),
            touched=Sum("touched"),
        )
        return {name: number or 0 for name, number in found.items()}

    def stop(self, now: datetime) -> bool:
        """What is done stays done; the rest is left. False when there was nothing to stop."""
        return bool(BulkJob.objects.under_way().filter(pk=self.pk).update(stopped_at=now))


class BulkItemQuerySet(models.QuerySet["BulkItem"]):
    def left(self) -> "BulkItemQuerySet":
        return self.filter(done_at=None, failed_at=None)


class BulkItem(models.Model):
    """One pharmacy of a job: not yet, done, or failed (the others go on)."""

    job = models.ForeignKey(BulkJob, models.PROTECT, related_name="items")
    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()  # its place in the job
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    touched = models.PositiveSmallIntegerField(default=0)  # ids revoked, utenze blocked
    cells = models.JSONField(null=True)  # of a sheet, until it is forgotten

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
