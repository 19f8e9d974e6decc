"""The webhook of a gestionale and the calls made to it. No call holds an id."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pharmacies.models import Pharmacy
from pharmacies.models.office import under_a_holder
from portal.database.row_updates import update_row
from portal.time import database_clock
from sessions.models.id_sessione import IdSessione

LEASE = timedelta(seconds=60)  # much longer than one call may take (sessions/webhooks/post.py)


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def open(self) -> "WebhookQuerySet":
        return self.filter(closed_at=None)


class WebhookEnd(models.TextChoices):
    """Why the portal itself closed a webhook; empty when a person did, or nobody."""

    GONE = "gone", _("ha risposto 410: non vuole più questi avvisi")
    SILENT = "silent", _("per un giorno intero non ne ha ricevuto nessuno")


class Webhook(models.Model):
    """One address of one pharmacy's gestionale, from when to when. At most one is open."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="webhooks")
    url = models.CharField("indirizzo", max_length=500)
    sealed_secret = models.BinaryField()  # whsec_…: signs the calls; the pharmacy saw it once
    # after «Nuova chiave» the old key signs too until then, so that the gestionale changes it when it can
    sealed_secret_before = models.BinaryField(null=True)
    secret_before_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # the holder who last decided that it goes on after a change of holder (preferences/handover.py)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kept_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_because = models.CharField(max_length=20, choices=WebhookEnd, blank=True, default="", db_default="")

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = "avviso al gestionale"
        verbose_name_plural = "avvisi al gestionale"
        constraints = [
            models.UniqueConstraint(
                fields=["pharmacy"], condition=Q(closed_at=None), name="one_open_webhook_per_pharmacy"
            )
        ]

    def __str__(self) -> str:
        return f"avviso {self.pk} al gestionale di {self.pharmacy_id}"

    def sealed_secrets(self, now: datetime) -> list[bytes]:
        """The sealed keys that sign a call at `now` (UTC): the newest first, the one before within its time."""
        before = self.sealed_secret_before if self.secret_before_until and now < self.secret_before_until else None
        return [bytes(key) for key in (self.sealed_secret, before) if key]


class WebhookCallQuerySet(models.QuerySet["WebhookCall"]):
    def waiting(self) -> "WebhookCallQuerySet":
        """Neither accepted by the gestionale, nor given up, nor withdrawn."""
        return self.filter(accepted_at=None, failed_at=None, withdrawn_at=None)

    def unheld(self, now: datetime) -> "WebhookCallQuerySet":
        """Waiting calls without a running lease. Leases are in real time: a moved clock ends none."""
        return self.waiting().filter(Q(leased_until=None) | Q(leased_until__lte=database_clock.real_of(now)))

    def due(self, now: datetime) -> "WebhookCallQuerySet":
        """Calls to make now, of open webhooks whose pharmacy has a holder, or lost the last one less than SUCCESSION_FOR ago."""
        due = self.unheld(now).filter(next_attempt_at__lte=now, give_up_at__gt=now, webhook__closed_at=None)
        return due.filter(under_a_holder(now, "webhook__pharmacy"))

    def disconnected(self, now: datetime) -> "WebhookCallQuerySet":
        """Waiting calls of a webhook that was closed meanwhile, or stopped because its pharmacy has no holder."""
        return self.unheld(now).filter(
            Q(webhook__closed_at__isnull=False) | ~under_a_holder(now, "webhook__pharmacy")
        )  # fmt: skip

    def too_late(self, now: datetime) -> "WebhookCallQuerySet":
        """Waiting calls past their give_up_at, which must not be made any more."""
        return self.unheld(now).filter(give_up_at__lte=now)


def new_message_id() -> str:
    return f"msg_{uuid4().hex}"


class WebhookCall(models.Model):
    """One event for one gestionale, from the transaction of its cause to the reply."""

    class Event(models.TextChoices):
        EXPIRING = "id_sessione.expiring", "sta per scadere"
        EXPIRED = "id_sessione.expired", "è scaduto"
        REVOKED = "id_sessione.revoked", "è stato revocato"
        TEST = "portale.test", "prova"

    webhook = models.ForeignKey(Webhook, models.PROTECT, related_name="calls")
    id_sessione = models.ForeignKey(IdSessione, models.PROTECT, null=True, related_name="+")  # None: a test
    event = models.CharField("evento", max_length=30, choices=Event.choices)
    message_id = models.CharField(max_length=40, unique=True, default=new_message_id)  # the same on every attempt
    body = models.TextField()  # exactly the text that is signed
    created_at = models.DateTimeField("preparato")
    give_up_at = models.DateTimeField()  # after this instant the call is useless
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField("tentativi", default=0)
    leased_until = models.DateTimeField(null=True)  # in real time, as nothing else here
    accepted_at = models.DateTimeField("ricevuto dal gestionale", null=True)
    failed_at = models.DateTimeField("abbandonato", null=True)
    withdrawn_at = models.DateTimeField("ritirato", null=True)  # the webhook was closed first
    last_answer = models.CharField("ultima risposta", max_length=200, blank=True)

    objects = WebhookCallQuerySet.as_manager()

    class Meta:
        verbose_name = "chiamata al gestionale"
        verbose_name_plural = "chiamate al gestionale"
        constraints = [
            models.UniqueConstraint(fields=["webhook", "id_sessione", "event"], name="one_call_per_event_of_an_id"),
            models.CheckConstraint(
                condition=Q(accepted_at=None, failed_at=None)
                | Q(accepted_at=None, withdrawn_at=None)
                | Q(failed_at=None, withdrawn_at=None),
                name="call_ends_in_one_way",
            ),
        ]
        indexes = [
            # the worker: due calls, oldest first
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(accepted_at=None, failed_at=None, withdrawn_at=None),
                name="call_due",
            ),
            models.Index(fields=["webhook", "-created_at"], name="call_of_webhook"),  # the log on the page
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"

    @property
    def is_waiting(self) -> bool:
        return self.accepted_at is None and self.failed_at is None and self.withdrawn_at is None

    @property
    def outcome(self) -> str:
        """A few words for a pill."""
        if self.accepted_at:
            return "Ricevuto"
        if self.withdrawn_at:
            return "Ritirato"
        if self.failed_at:
            return "Non consegnato"
        return "Si riprova" if self.last_answer else "In attesa"  # the first try counts as soon as it begins

    @property
    def outcome_kind(self) -> str:
        """The colour of the pill: `ok`, `warn`, `bad` or `off`."""
        return "ok" if self.accepted_at else "bad" if self.failed_at else "off" if self.withdrawn_at else "warn"

    def accept(self, now: datetime, answer: str) -> None:
        """The gestionale accepted the call. Saved even when another worker has the lease by now."""
        this = WebhookCall.objects.filter(accepted_at=None)
        update_row(
            self, this, accepted_at=now, failed_at=None, withdrawn_at=None, leased_until=None, last_answer=answer
        )

    def fail(self, now: datetime, answer: str) -> None:
        """Gives the call up; retry() makes it due again. Does nothing when another worker has the lease."""
        update_row(self, self._leased(), failed_at=now, leased_until=None, last_answer=answer)

    def postpone(self, until: datetime, answer: str) -> None:
        update_row(self, self._leased(), next_attempt_at=until, leased_until=None, last_answer=answer)

    def retry(self, now: datetime, useful_for: timedelta) -> bool:
        """«Riprova»: makes the call due at once, until `useful_for` from now. False unless it was given up and its webhook is open."""
        given_up = WebhookCall.objects.filter(failed_at__isnull=False, webhook__closed_at=None)
        return update_row(self, given_up, failed_at=None, next_attempt_at=now, give_up_at=now + useful_for, attempts=0)

    def _leased(self) -> WebhookCallQuerySet:
        """The row, if this worker still has the lease and the call still waits."""
        return WebhookCall.objects.waiting().filter(pk=self.pk, leased_until=self.leased_until)
