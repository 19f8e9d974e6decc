"""«Pronto all’apertura»: a pharmacy chose that the portal asks for its ids before it opens. No row: it did not."""

from datetime import datetime

from django.conf import settings
from django.db import models

from pharmacies.models import Pharmacy
from pharmacies.models.office import under_a_holder
from sessions.hours.before_opening import next_turn
from sessions.hours.openings import Openings

OFFERED_BEFORE = [15, 30, 45, 60]  # minutes


class ReadyAtOpeningQuerySet(models.QuerySet["ReadyAtOpening"]):
    def due(self, now: datetime) -> "ReadyAtOpeningQuerySet":
        """The turns to take now, of pharmacies with a holder, or without one for less than SUCCESSION_FOR."""
        return self.filter(under_a_holder(now), due_at__lte=now).order_by("due_at", "pk")

    def plan_anew(self, pharmacy: Pharmacy, openings: Openings | None, now: datetime) -> None:
        """Plans the next turn after a change of the calendar. The caller has locked the utenze of the pharmacy."""
        for row in self.filter(pharmacy=pharmacy).select_for_update(no_key=True):
            row.plan(openings, now)


class ReadyAtOpening(models.Model):
    """The choice of one pharmacy, and its next turn, which is written with every change of the calendar."""

    pharmacy = models.OneToOneField(Pharmacy, models.PROTECT, related_name="ready_at_opening")
    minutes = models.PositiveSmallIntegerField("minuti prima dell’apertura")
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField()
    # the next turn (hours/before_opening.py): when, and for which opening; None: the pharmacy wrote no hours
    due_at = models.DateTimeField(null=True)
    opening_at = models.DateTimeField(null=True)
    handled_until = models.DateTimeField(null=True)  # the last opening whose turn was taken: never twice for one

    objects = ReadyAtOpeningQuerySet.as_manager()

    class Meta:
        verbose_name = "ID chiesti prima dell’apertura"
        verbose_name_plural = "ID chiesti prima dell’apertura"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(minutes__in=OFFERED_BEFORE), name="ready_at_opening_offered_minutes"
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="ready_at_opening_due")]  # the timetable

    def __str__(self) -> str:
        return f"{self.minutes} minuti prima dell’apertura di {self.pharmacy_id}"

    def plan(self, openings: Openings | None, now: datetime) -> None:
        """Writes the next turn: for the first opening later than `now` and than the last one handled. Saves."""
        self.due_at = self.opening_at = None
        if openings is not None:
            turn = next_turn(openings, self.minutes, self.pharmacy_id, max(now, self.handled_until or now))
            self.due_at, self.opening_at = turn.due_at, turn.opening_at
        self.save(update_fields=["due_at", "opening_at", "handled_until"])
