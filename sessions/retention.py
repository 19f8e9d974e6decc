"""Which rows of ids, letters, codes, calls and jobs are deleted, and when. Logins and the journal have modules of their own
(portal/identity/retention.py, portal/journal/retention.py); docs/data.md lists every table.

Letters are deleted here and not in portal/outbox: ids, reminders and codes refer to them, so one module must know the order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet

from pharmacies.models import CodiceValidazione, CopyMailbox, RegisterChange, RoleRequest
from portal.database.claims import hold
from portal.database.outdated import AT_A_TIME, Outdated
from portal.journal.retention import DAILY_KEPT_FOR
from portal.outbox.models import Bounce, DeadMailbox, MailDomain, OutgoingMail, UnreadReport
from portal.outbox.models.unread import UNREAD_KEPT_FOR
from sessions.models import (
    BulkItem,
    BulkJob,
    CalendarLink,
    Closure,
    DailyProof,
    DayDuty,
    GraceCalls,
    IdSessione,
    NightDuty,
    OpenHoliday,
    Reminder,
    ReminderCopy,
    SemaforoLink,
    SupportNote,
    Webhook,
    WebhookCall,
)

CALLS_KEPT_FOR = timedelta(days=90)  # a log for finding faults; the facts about an id are kept with the id


@dataclass(frozen=True)
class Kept:
    """One kind of row: the rows that may be deleted, and `kept_for` after `since`. `held`: the foreign keys that keep a row."""

    name: str
    rows: QuerySet[Any]
    since: str
    kept_for: timedelta
    held: tuple[tuple[type[Model], str], ...] = ()

    def forgettable(self, now: datetime) -> QuerySet[Any]:
        """The rows whose time is over, even those that a foreign key still holds."""
        return self.rows.filter(**{f"{self.since}__lte": now - self.kept_for})

    def batches(self, now: datetime) -> Iterator[list[int]]:
        """Yields the keys of old rows in batches, and stops at the first batch without any. Keys grow with time, so the query
        does not read the millions of rows that stay.
        """
        last, limit = 0, now - self.kept_for
        all_rows = self.rows.model._default_manager.order_by("pk").values_list("pk", self.since)
        while batch := list(all_rows.filter(pk__gt=last)[:AT_A_TIME]):
            old = [pk for pk, since in batch if since <= limit]
            if not old:
                return
            yield old
            last = batch[-1][0]


# In this order: earlier kinds have foreign keys to later ones.
KEPT = (
    Kept(
        "calls to gestionali",
        WebhookCall.objects.exclude(accepted_at=None, failed_at=None, withdrawn_at=None),
        "created_at",
        CALLS_KEPT_FOR,
    ),
    Kept(
        "copies of reminders",
        ReminderCopy.objects.exclude(reminder__settled_at=None),
        "reminder__due_at",
        DAILY_KEPT_FOR,
    ),
    Kept(
        "reminders",
        Reminder.objects.exclude(settled_at=None),
        "due_at",
        DAILY_KEPT_FOR,
        ((ReminderCopy, "reminder"),),
    ),
    Kept(
        "ids",
        IdSessione.objects.filter(sealed=None),
        "expires_at",
        DAILY_KEPT_FOR,
        ((Reminder, "id_sessione"), (WebhookCall, "id_sessione")),
    ),
    Kept("register changes", RegisterChange.objects.all(), "at", DAILY_KEPT_FOR),
    Kept("codes", CodiceValidazione.objects.all(), "sent_at", DAILY_KEPT_FOR),
    Kept("reports that nobody could read", UnreadReport.objects.all(), "at", UNREAD_KEPT_FOR),
    Kept("reports about letters", Bounce.objects.all(), "at", DAILY_KEPT_FOR),
    Kept("mailboxes found dead", DeadMailbox.objects.all(), "found_at", DAILY_KEPT_FOR),
    Kept(
        "letters",
        OutgoingMail.objects.filter(sealed_source=None),
        "created_at",
        DAILY_KEPT_FOR,
        (
            (IdSessione, "letter"),
            (Reminder, "letter"),
            (ReminderCopy, "letter"),
            (CodiceValidazione, "letter"),
            (Bounce, "letter"),
            (DeadMailbox, "letter"),
            (UnreadReport, "letter"),
        ),
    ),
)


# Rows of small tables, or found by an index.
OUTDATED = (
    Outdated(
        "closed webhooks",
        lambda now: Webhook.objects.filter(closed_at__lte=now - CALLS_KEPT_FOR, calls=None),
    ),
    Outdated("closed calendars", lambda now: CalendarLink.objects.filter(closed_at__lte=now - CALLS_KEPT_FOR)),
    Outdated("closed semafori", lambda now: SemaforoLink.objects.filter(closed_at__lte=now - CALLS_KEPT_FOR)),
    Outdated("nights on duty", lambda now: NightDuty.objects.filter(evening__lte=(now - DAILY_KEPT_FOR).date())),
    Outdated("days on duty", lambda now: DayDuty.objects.filter(day__lte=(now - DAILY_KEPT_FOR).date())),
    Outdated("closures", lambda now: Closure.objects.filter(last__lte=(now - DAILY_KEPT_FOR).date())),
    Outdated("open holidays", lambda now: OpenHoliday.objects.filter(day__lte=(now - DAILY_KEPT_FOR).date())),
    Outdated("passwords proved without an id", DailyProof.objects.forgettable),
    Outdated("calls without a valid id", GraceCalls.objects.forgettable),
    Outdated("closed notes", lambda now: SupportNote.objects.filter(closed_at__lte=now - DAILY_KEPT_FOR)),
    Outdated("requests of people", RoleRequest.objects.forgettable),
    Outdated("mailboxes of copies", lambda now: CopyMailbox.objects.forgettable(now - DAILY_KEPT_FOR)),
    Outdated("rows of bulk jobs", BulkItem.objects.forgettable),
    Outdated("bulk jobs", BulkJob.objects.forgettable),
    Outdated("domains of mail", MailDomain.objects.forgettable),
)


def forget(now: datetime) -> Iterator[tuple[str, int]]:
    """Deletes old rows in batches, each in its own transaction; yields the kind and the number of rows. The caller may stop."""
    for kind in KEPT:
        for old in kind.batches(now):
            yield kind.name, _forget(kind, old)
    for outdated in OUTDATED:
        for deleted in outdated.forget(now):
            yield outdated.name, deleted


@transaction.atomic
def _forget(kind: Kept, old: list[int]) -> int:
    rows = kind.rows.filter(pk__in=old)
    for model, name in kind.held:
        rows = rows.filter(~Exists(model._default_manager.filter(**{name: OuterRef("pk")})))
    going = hold(rows)
    if kind.rows.model is IdSessione:  # an id that it replaced still names it
        replaced = hold(IdSessione.objects.filter(replaced_by__in=going))
        IdSessione.objects.filter(pk__in=replaced).update(replaced_by=None)
    deleted: int = kind.rows.model._default_manager.filter(pk__in=going).delete()[0]
    return deleted
