"""Merges the reminders for one mailbox: those due within minutes join the letter that is due now."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import QuerySet

from pharmacies.models import MailCertification
from portal.database.claims import skip_locked
from sessions.models import IdSessione, Reminder

DUE_WITHIN = timedelta(minutes=15)  # a reminder due later than this does not join the letter
ENDS_WITHIN = timedelta(minutes=30)  # between the ends of the ids: the letter is useless after the first end
# How long a letter waits for companions that another worker holds; far less than READY_REMINDER_LATE.
WAITS_AT_MOST = timedelta(minutes=1)


def shared(address_keys: Collection[str], now: datetime) -> set[str]:
    """The mailboxes, among these, with reminders about more than one id within minutes: companions() may find some."""
    served = MailCertification.objects.current().filter(address_key__in=address_keys)
    mailbox = dict(served.values_list("pharmacy", "address_key"))
    coming = _coming(now).filter(pharmacy__in=mailbox).values_list("pharmacy", "id_sessione").distinct()
    ids = Counter(mailbox[pharmacy] for pharmacy, _ in coming)
    return {address_key for address_key, count in ids.items() if count > 1}


def companions(reminder: Reminder, certification: MailCertification, now: datetime) -> list[Reminder] | None:
    """Locks the other reminders that may join the letter of `reminder`, each with its id loaded. `reminder` has its id loaded.

    None: another worker holds some of them, so the letter waits for the next round (WAITS_AT_MOST after it was due, no more).
    """
    served = MailCertification.objects.current().filter(address_key=certification.address_key)
    ends = reminder.id_sessione.expires_at
    joining = (
        _coming(now)
        .filter(pharmacy__in=served.values("pharmacy"))
        .filter(id_sessione__expires_at__range=(ends - ENDS_WITHIN, ends + ENDS_WITHIN))
        .exclude(id_sessione=reminder.id_sessione_id)
    )
    seen = set(joining.values_list("pk", flat=True))
    if not seen:
        return []
    held = _held(seen)
    changing = MailCertification.objects.changing({row.pharmacy_id for row in held if row.pharmacy_id is not None})
    held = [row for row in held if row.pharmacy_id not in changing]
    if len(held) < len(seen) and reminder.due_at > now - WAITS_AT_MOST:
        return None
    ids = IdSessione.objects.with_facts().in_bulk({row.id_sessione_id for row in held})
    for row in held:
        row.id_sessione = ids[row.id_sessione_id]
    return held


def nearest(held: list[Reminder], now: datetime) -> tuple[list[Reminder], list[Reminder]]:
    """Picks one reminder for each id: the due one nearest to the end, else the first to become due.

    Returns these, and the other due reminders of the same ids, which they make needless.
    """

    def urgency(row: Reminder) -> tuple[bool, int, datetime]:
        return row.due_at > now, row.minutes_before if row.due_at <= now else 0, row.due_at

    picked: dict[int, Reminder] = {}
    overtaken = []
    for row in sorted(held, key=urgency):
        if row.id_sessione_id not in picked:
            picked[row.id_sessione_id] = row
        elif row.due_at <= now:
            overtaken.append(row)
    return list(picked.values()), overtaken


def _coming(now: datetime) -> QuerySet[Reminder]:
    """The mail reminders, before the end of an id, that are due within DUE_WITHIN."""
    return Reminder.objects.by_mail().filter(settled_at=None, due_at__lte=now + DUE_WITHIN, minutes_before__gt=0)


def _held(seen: set[int]) -> list[Reminder]:
    return list(skip_locked(Reminder.objects.filter(pk__in=seen, settled_at=None).order_by("due_at", "pk")))
