"""The days before a context's ids are mandatory: proofs of passwords without an id, and the calls that the gate let pass."""

from datetime import date, datetime, timedelta

from django.db import models

from pharmacies.models import Utenza
from portal.time.clock import ROME
from sessions.models.context import Context

KEPT_FOR = timedelta(days=40)


def italian_day(now: datetime) -> date:
    return now.astimezone(ROME).date()


class DailyProofQuerySet(models.QuerySet["DailyProof"]):
    def forgettable(self, now: datetime) -> "DailyProofQuerySet":
        return self.filter(day__lte=italian_day(now) - KEPT_FOR)


class DailyProof(models.Model):
    """The last day on which the password of an utenza was proved to the gate without a valid id: no second slow hash that day."""

    utenza = models.OneToOneField(Utenza, models.PROTECT, related_name="daily_proof")
    day = models.DateField("giorno")  # Italian
    # a keyed hash of day, userId, password and the stored hash: void when one changes
    fingerprint = models.CharField(max_length=64)
    client_address = models.GenericIPAddressField("da", null=True)  # a familiar place (sessions/credentials/guesses.py)

    objects = DailyProofQuerySet.as_manager()

    class Meta:
        verbose_name = "password provata senza ID"
        verbose_name_plural = "password provate senza ID"
        indexes = [models.Index(fields=["day"], name="daily_proof_day")]  # the purge

    def __str__(self) -> str:
        return f"{self.utenza_id}, {self.day}"


class GraceCallsQuerySet(models.QuerySet["GraceCalls"]):
    def forgettable(self, now: datetime) -> "GraceCallsQuerySet":
        return self.filter(day__lte=italian_day(now) - KEPT_FOR)


class GraceCalls(models.Model):
    """How many calls of one utenza the gate let pass without a valid id, in one context on one day."""

    utenza = models.ForeignKey(Utenza, models.PROTECT, related_name="grace_calls")
    context = models.ForeignKey(Context, models.PROTECT, related_name="grace_calls", verbose_name="contesto")
    day = models.DateField("giorno")  # Italian
    calls = models.PositiveIntegerField("chiamate")

    objects = GraceCallsQuerySet.as_manager()

    class Meta:
        verbose_name = "chiamate senza ID valido"
        verbose_name_plural = "chiamate senza ID valido"
        constraints = [
            models.UniqueConstraint(fields=["utenza", "context", "day"], name="grace_calls_once_a_day"),
        ]
        indexes = [models.Index(fields=["day", "context"], name="grace_calls_day")]  # the list, the purge

    def __str__(self) -> str:
        return f"{self.utenza_id}, {self.context_id}, {self.day}: {self.calls}"
