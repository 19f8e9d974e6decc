"""Refusals that prove that a mailbox is dead: what became of each. The outbox knows letters, not what an address is for."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from portal.outbox.models.letter import OutgoingMail

BRAKE_LOOKS_BACK = timedelta(hours=1)


class DeadMailboxQuerySet(models.QuerySet["DeadMailbox"]):
    def open(self) -> "DeadMailboxQuerySet":
        """Found, and neither told nor held: nobody has cared for them yet."""
        return self.filter(told_at=None, held_at=None, decided_at=None)

    def held(self) -> "DeadMailboxQuerySet":
        """The brake holds them until an operator decides."""
        return self.filter(held_at__isnull=False, decided_at=None)

    def counting(self, now: datetime) -> "DeadMailboxQuerySet":
        """Those that the brake counts: of the last hour, and not what an operator has looked at."""
        return self.filter(found_at__gt=now - BRAKE_LOOKS_BACK, decided_at=None)


class DeadMailbox(models.Model):
    """One letter whose refusal proves that its mailbox is dead."""

    letter = models.OneToOneField(OutgoingMail, models.PROTECT, related_name="dead_mailbox", verbose_name="messaggio")
    domain = models.CharField("dominio", max_length=253)  # of the letter
    found_at = models.DateTimeField("visto")
    told_at = models.DateTimeField("segnato", null=True)  # its addresses were marked
    held_at = models.DateTimeField("fermato", null=True)  # too many at once: none is marked, staff are asked
    decided_at = models.DateTimeField("deciso", null=True)  # an operator answered; the journal says who and what

    objects = DeadMailboxQuerySet.as_manager()

    class Meta:
        verbose_name = "casella inesistente"
        verbose_name_plural = "caselle inesistenti"
        indexes = [
            models.Index(fields=["-found_at"], name="dead_mailbox_newest"),  # the brake counts those of the last hour
            # «Da seguire», /metrics: what an operator has to decide
            models.Index(
                fields=["domain"], condition=Q(held_at__isnull=False, decided_at=None), name="dead_mailbox_held"
            ),
            # what a worker that died left behind
            models.Index(
                fields=["found_at"], condition=Q(told_at=None, held_at=None, decided_at=None), name="dead_mailbox_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain} {self.found_at:%Y-%m-%d %H:%M}"
