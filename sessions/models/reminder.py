"""Reminders: rows planned with the id and settled with the letter; and what the pharmacy chose about them."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from pharmacies.models import Pharmacy
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME
from sessions.hours.openings import Openings
from sessions.hours.week import Week
from sessions.models.calendar_days import ComingDays, openings_of
from sessions.models.id_sessione import IdSessione

DEFAULT_MINUTES = [60]
OFFERED_MINUTES = [120, 90, 60, 30, 15]


def default_minutes() -> list[int]:
    return list(DEFAULT_MINUTES)


class ReminderSettingsManager(models.Manager["ReminderSettings"]):
    def of(self, pharmacy: Pharmacy) -> "ReminderSettings":
        """The settings of this pharmacy, or the defaults (a row that is not saved)."""
        return getattr(pharmacy, "reminder_settings", None) or self.model(pharmacy=pharmacy)


class ReminderSettings(models.Model):
    """Which reminders a pharmacy wants. No row: the defaults."""

    pharmacy = models.OneToOneField(Pharmacy, models.PROTECT, related_name="reminder_settings")
    minutes_before = models.JSONField(
        "minuti prima della scadenza", default=default_minutes
    )  # e.g. [120, 30]; [] for none
    tell_when_expired = models.BooleanField("avvisa quando è scaduto", default=False)
    hours = models.JSONField(
        "orario di apertura", null=True
    )  # see Week.dump; None: unknown, reminders at the plain time
    at_opening = models.BooleanField(
        "scrivi alla riapertura", default=False, db_default=False
    )  # else before the closing, unless the reopening leaves REMINDER_REOPENING_LEAVES

    objects = ReminderSettingsManager()

    class Meta:
        verbose_name = "preferenze dei promemoria"
        verbose_name_plural = "preferenze dei promemoria"

    def __str__(self) -> str:
        return f"promemoria di {self.pharmacy_id}"

    @property
    def lead_times(self) -> list[int]:
        """Minutes before expiry, the earliest letter first; 0 stands for the notice that it has expired."""
        minutes = sorted({minute for minute in self.minutes_before if minute > 0}, reverse=True)
        return [*minutes, 0] if self.tell_when_expired else minutes

    @property
    def week(self) -> Week | None:
        return Week.load(self.hours)

    def openings(self, now: datetime, days: ComingDays | None = None) -> Openings | None:
        """When the pharmacy is open, from yesterday on; None when it gave no hours. `days`: what the caller has read already."""
        week = self.week
        return openings_of(self.pharmacy, week, now, days) if week is not None else None


NOWHERE = ("no address", "unreachable")  # why a reminder was skipped: its pharmacy could not be written to


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def due(self, now: datetime) -> "ReminderQuerySet":
        """Reminders to settle now. A closed pharmacy's reminders wait until the id expires: it may reopen before."""
        day = now.astimezone(ROME).date()
        is_open = Q(pharmacy=None) | Q(pharmacy__closed_on=None) | Q(pharmacy__closed_on__gt=day)
        settled_anyway = is_open | Q(id_sessione__expires_at__lte=now)
        return self.filter(settled_anyway, settled_at=None, due_at__lte=now).order_by("due_at", "pk")

    def sent(self) -> "ReminderQuerySet":
        """With a letter that was delivered or still may be: neither failed nor withdrawn."""
        return self.filter(letter__isnull=False, letter__failed_at=None, letter__withdrawn_at=None)

    def missed(self) -> "ReminderQuerySet":
        """Planned before the end of their id and not delivered, although nothing made them needless."""
        needless = [Reminder.Skip.REPLACED, Reminder.Skip.REVOKED, Reminder.Skip.RENEWED]
        failed = Q(letter=None) | Q(letter__failed_at__isnull=False)
        return self.by_mail().filter(failed, minutes_before__gt=0).exclude(skipped_because__in=needless)

    def by_mail(self) -> "ReminderQuerySet":
        return self.filter(channel=Reminder.Channel.MAIL)


class Reminder(models.Model):
    """One reminder about one id: before it expires, or the notice that it has (minutes_before 0). Sent once, or skipped with a
    reason.
    """

    class Skip(models.TextChoices):
        REPLACED = "replaced", "sostituito da un nuovo ID"
        REVOKED = "revoked", "ID revocato"
        RENEWED = "renewed", "ID già rinnovato"
        TOO_LATE = "too late", "troppo tardi per essere utile"
        OVERTAKEN = "overtaken", "un promemoria più vicino alla scadenza ne prende il posto"
        NO_ADDRESS = "no address", "nessun indirizzo certificato"
        UNREACHABLE = "unreachable", "la casella certificata rifiuta la posta"

    class Channel(models.TextChoices):
        MAIL = "mail", "posta"
        GESTIONALE = "gestionale", "gestionale"  # a row of WebhookCall: at the plain time, whatever the hours

    id_sessione = models.ForeignKey(IdSessione, models.PROTECT, related_name="reminders")
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.MAIL, db_default="mail")
    # the pharmacy that receives it; None in rows older than this column, which share no letter
    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, null=True, related_name="+", db_index=False)
    minutes_before = models.PositiveSmallIntegerField()  # 0: "it has expired"
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    letter = models.ForeignKey(OutgoingMail, models.PROTECT, null=True, related_name="+")  # None once settled: not sent
    skipped_because = models.CharField(max_length=40, blank=True, choices=Skip.choices)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = "promemoria"
        verbose_name_plural = "promemoria"
        constraints = [
            models.UniqueConstraint(
                fields=["id_sessione", "channel", "minutes_before"], name="one_reminder_per_lead_time_and_channel"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(settled_at=None), name="reminder_due"),  # the timetable
            # the other reminders for one mailbox, for the same letter
            models.Index(fields=["pharmacy", "due_at"], condition=Q(settled_at=None), name="reminder_due_of_pharmacy"),
            # reminders without an address: every round looks whether one exists now (reminders/reopening.py)
            models.Index(fields=["due_at"], condition=Q(skipped_because__in=NOWHERE), name="reminder_nowhere"),
        ]

    def __str__(self) -> str:
        return f"promemoria {self.minutes_before} min di {self.id_sessione_id}"
