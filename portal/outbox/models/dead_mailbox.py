"""Refusals that prove a mailbox dead, and what was done about each."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from portal.outbox.models.letter import OutgoingMail

BRAKE_LOOKS_BACK = timedelta(hours=1)


class DeadMailboxQuerySet(models.QuerySet["DeadMailbox"]):
    def open(self) -> "DeadMailboxQuerySet":
        """Found, but neither told to the listeners nor held nor decided."""
        return self.filter(told_at=None, held_at=None, decided_at=None)

    def held(self) -> "DeadMailboxQuerySet":
        """Held by the brake until an operator decides."""
        return self.filter(held_at__isnull=False, decided_at=None)

    def counting(self, now: datetime) -> "DeadMailboxQuerySet":
        """Counted by the brake: found in the last hour, and not decided by an operator."""
        return self.filter(found_at__gt=now - BRAKE_LOOKS_BACK, decided_at=None)


class DeadMailbox(models.Model):
    """One letter whose refusal proves that its mailbox is dead."""

    letter = models.OneToOneField(OutgoingMail, models.PROTECT, related_name="dead_mailbox", verbose_name="messaggio")
    domain = models.CharField("dominio", max_length=253)  # of the letter
    found_at = models.DateTimeField("visto")
    told_at = models.DateTimeField("segnato", null=True)  # the listeners marked its addresses
    held_at = models.DateTimeField("fermato", null=True)  # too many at once: not marked, an operator decides
    decided_at = models.DateTimeField("deciso", null=True)  # an operator decided; the journal holds who and what

    objects = DeadMailboxQuerySet.as_manager()

    class Meta:
        verbose_name = "casella inesistente"
        verbose_name_plural = "caselle inesistenti"
        indexes = [
            models.Index(fields=["-found_at"], name="dead_mailbox_newest"),  # counting()
            # held(), for «Da seguire» and /metrics
            models.Index(
                fields=["domain"], condition=Q(held_at__isnull=False, decided_at=None), name="dead_mailbox_held"
            ),
            # open(), for rows that a dead worker left
            models.Index(
                fields=["found_at"], condition=Q(told_at=None, held_at=None, decided_at=None), name="dead_mailbox_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain} {self.found_at:%Y-%m-%d %H:%M}"
