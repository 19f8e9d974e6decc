"""Notes of the staff about a pharmacy: opened during a call, closed when nothing is left to do."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q

from pharmacies.models import Pharmacy
from portal.database.row_updates import update_row
from portal.journal.models import record

if TYPE_CHECKING:
    from portal.identity.models import User


class SupportNoteQuerySet(models.QuerySet["SupportNote"]):
    def open(self) -> "SupportNoteQuerySet":
        return self.filter(closed_at=None)

    @transaction.atomic
    def write(self, pharmacy: Pharmacy, text: str, by: "User", now: datetime) -> "SupportNote":
        """Opens a note and writes a journal line without its text, because the pharmacy reads the journal.

        The same text by the same person, while the note is open, is a double click: returns the open note.
        """
        Pharmacy.objects.hold(pharmacy.pk)
        twin = self.open().filter(pharmacy=pharmacy, opened_by=by, text=text).first()
        if twin is not None:
            return twin
        note = self.create(pharmacy=pharmacy, text=text, opened_at=now, opened_by=by)
        record("note.opened", now=now, actor=by, about=pharmacy.code, subject=note)
        return note


class SupportNote(models.Model):
    """A note for the staff only: the pharmacy never reads the text."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="notes", verbose_name="farmacia")
    text = models.CharField("nota", max_length=500)
    opened_at = models.DateTimeField("aperta il")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="aperta da")
    closed_at = models.DateTimeField("chiusa il", null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="chiusa da"
    )
    outcome = models.CharField("com’è finita", max_length=200, blank=True)

    objects = SupportNoteQuerySet.as_manager()

    class Meta:
        verbose_name = "nota di assistenza"
        verbose_name_plural = "note di assistenza"
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__gte=F("opened_at"), closed_by__isnull=False),
                name="note_is_closed_by_somebody",
            )
        ]
        indexes = [models.Index(fields=["pharmacy", "-opened_at"], name="note_of_pharmacy")]  # the page of a pharmacy

    def __str__(self) -> str:
        return f"nota {self.pk} su {self.pharmacy_id}"

    @transaction.atomic
    def close(self, outcome: str, by: "User", now: datetime) -> bool:
        """Closes the note. False when it was closed already."""
        facts = {"closed_at": now, "closed_by": by, "outcome": outcome}
        if not update_row(self, SupportNote.objects.filter(pk=self.pk).open(), **facts):
            return False
        record("note.closed", now=now, actor=by, about=self.pharmacy.code, subject=self)
        return True
