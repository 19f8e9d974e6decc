"""The next reminder, the next end of an id, and the consequences of a step of the clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.demo.next_reminder import NextReminder, next_reminder
from sessions.models import IdSessione, Reminder

SHOWN = 5  # of each list
STEPS = {"30m": timedelta(minutes=30), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
REMINDER, EXPIRY = "promemoria", "scadenza"


@dataclass(frozen=True)
class Coming:
    """The next events; None when there is none."""

    reminder: NextReminder | None
    expiry: IdSessione | None

    @classmethod
    def after(cls, now: datetime) -> "Coming":
        rows = IdSessione.objects.live(now).filter(pharmacy__isnull=False).with_what_ends_them()
        return cls(next_reminder(now), rows.order_by("expires_at", "pk").first())

    def target(self, way: str, now: datetime) -> datetime | None:
        """The instant (UTC) that a way leads to: a key of STEPS, REMINDER or EXPIRY; None when there is no such event."""
        if way in STEPS:
            return now + STEPS[way]
        if way == REMINDER:
            return self.reminder.due_at if self.reminder else None
        return self.expiry.expires_at if way == EXPIRY and self.expiry else None


@dataclass(frozen=True)
class Consequences:
    """The reminders that become due and the ids that end until `target`: all are counted, the first SHOWN are listed."""

    reminders: list[Reminder]
    reminders_in_all: int
    ids: list[IdSessione]
    ids_in_all: int

    @classmethod
    def of(cls, now: datetime, target: datetime) -> "Consequences":
        live = IdSessione.objects.live(now)
        due = Reminder.objects.by_mail().filter(settled_at=None, due_at__lte=target, id_sessione__in=live)
        due = due.select_related("id_sessione__pharmacy").order_by("due_at", "pk")
        ending = live.filter(expires_at__lte=target).with_what_ends_them().order_by("expires_at", "pk")
        return cls(list(due[:SHOWN]), due.count(), list(ending[:SHOWN]), ending.count())

    @property
    def more_reminders(self) -> int:
        return max(0, self.reminders_in_all - SHOWN)

    @property
    def more_ids(self) -> int:
        return max(0, self.ids_in_all - SHOWN)
