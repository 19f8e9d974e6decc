"""Every letter that leaves is a row first, written in the same transaction as its cause."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from portal.outbox.outcome import Step, outcome_of, steps_of


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def waiting(self) -> "OutgoingMailQuerySet":
        """Neither accepted by a server, nor given up, nor withdrawn."""
        return self.filter(accepted_at=None, failed_at=None, withdrawn_at=None)

    def due(self, now: datetime) -> "OutgoingMailQuerySet":
        """To be handed to the SMTP server now: its time has come and no living worker holds it."""
        return self.unheld(now).filter(next_attempt_at__lte=now, give_up_at__gt=now)

    def too_late(self, now: datetime) -> "OutgoingMailQuerySet":
        """Useless by now: they must not leave any more."""
        return self.unheld(now).filter(give_up_at__lte=now)

    def unheld(self, now: datetime) -> "OutgoingMailQuerySet":
        """Waiting, and no living worker holds them."""
        return self.waiting().filter(Q(leased_until=None) | Q(leased_until__lte=now))

    def withdraw(self, now: datetime) -> int:
        """Those that wait must not leave: what they say is no longer true. What a worker holds at this moment leaves all the same."""
        return self.unheld(now).update(withdrawn_at=now, sealed_source=None)

    def refused(self) -> "OutgoingMailQuerySet":
        return self.exclude(failed_at=None)


class OutgoingMail(models.Model):
    """One letter to one mailbox, from the transaction that caused it to the server's answer."""

    class Kind(models.TextChoices):
        CODE = "code", "codice di validazione"
        CERTIFIED = "certified", "indirizzo certificato"
        CHANGED = "changed", "indirizzo modificato"
        REVOKED = "revoked", "indirizzo revocato"
        ISSUED = "issued", "ID SESSIONE"
        REMINDER = "reminder", "promemoria"
        EXPIRED = "expired", "ID SESSIONE scaduto"
        NOTICE = "notice", "avviso"

    kind = models.CharField("tipo", max_length=20, choices=Kind.choices)
    about = models.CharField("farmacia", max_length=40, blank=True)  # the code of the pharmacy the letter is about
    recipient = models.EmailField("destinatario", max_length=254)
    subject = models.CharField("oggetto", max_length=200)
    message_id = models.CharField(max_length=120, unique=True)  # the same on every attempt
    secret = models.BooleanField(default=False)  # carries a code or an id
    # The whole MIME message, sealed. Blanked on acceptance and on failure, secret or not: nobody reads it again.
    sealed_source = models.BinaryField(null=True)
    created_at = models.DateTimeField("preparato")
    give_up_at = models.DateTimeField()  # after this the letter is useless: it fails instead of leaving late
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField("tentativi", default=0)
    leased_until = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField("accettato dal server", null=True)
    failed_at = models.DateTimeField("abbandonato", null=True)
    withdrawn_at = models.DateTimeField("ritirato", null=True)  # what it carried died before it left
    last_answer = models.CharField("ultima risposta del server", max_length=300, blank=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = "messaggio in uscita"
        verbose_name_plural = "messaggi in uscita"
        constraints = [
            models.CheckConstraint(condition=Q(accepted_at=None) | Q(failed_at=None), name="mail_accepted_or_failed"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(accepted_at=None, failed_at=None),
                name="mail_withdrawn_before_it_left",
            ),
        ]
        indexes = [
            # the worker: due letters, oldest first
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(accepted_at=None, failed_at=None, withdrawn_at=None),
                name="mail_due",
            ),
            models.Index(fields=["about", "-created_at"], name="mail_of_pharmacy"),  # the timeline of a pharmacy
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.message_id}"

    @property
    def is_waiting(self) -> bool:
        return self.accepted_at is None and self.failed_at is None and self.withdrawn_at is None

    @property
    def outcome(self) -> str:
        """A few words for a pill: `Accettato dal server`, `In attesa`, `Rifiutato: casella piena`."""
        return outcome_of(self)

    @property
    def outcome_kind(self) -> str:
        """`ok`, `warn` or `bad`, as the pill wants it."""
        return "ok" if self.accepted_at else "bad" if self.failed_at else "warn"

    @property
    def delivery_steps(self) -> list[Step]:
        """The lines of the box «Dove si trova il messaggio»."""
        return steps_of(self)

    def claim(self, now: datetime) -> bool:
        """Takes the letter for OUTBOX_LEASE; False when another worker was first, or it is not due any more.

        One conditional UPDATE: nobody holds a lock while the SMTP server thinks.
        """
        lease = now + settings.OUTBOX_LEASE
        due = OutgoingMail.objects.due(now).filter(pk=self.pk)
        if not due.update(leased_until=lease, attempts=F("attempts") + 1):
            return False
        self.refresh_from_db()
        return True

    def accept(self, now: datetime, answer: str) -> None:
        """The server took it. True even when the lease was lost meanwhile: what is sent is sent."""
        OutgoingMail.objects.filter(pk=self.pk, accepted_at=None).update(
            accepted_at=now,
            failed_at=None,
            withdrawn_at=None,
            leased_until=None,
            last_answer=answer,
            sealed_source=None,
        )

    def fail(self, now: datetime, answer: str) -> None:
        """It never leaves: the server refused it for good, or it would come too late."""
        self._mine().update(failed_at=now, leased_until=None, last_answer=answer, sealed_source=None)

    def postpone(self, until: datetime, answer: str) -> None:
        self._mine().update(next_attempt_at=until, leased_until=None, last_answer=answer)

    def _mine(self) -> OutgoingMailQuerySet:
        """The row, unless another worker took it over when the lease ran out."""
        return OutgoingMail.objects.waiting().filter(pk=self.pk, leased_until=self.leased_until)
