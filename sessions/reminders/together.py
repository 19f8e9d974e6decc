"""One mailbox, one letter: what else its readers would be told within minutes goes into the letter that is due now."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import QuerySet

from pharmacies.models import MailCertification
from portal.database.claims import skip_locked
from sessions.models import IdSessione, Reminder

DUE_WITHIN = timedelta(minutes=15)  # of the letter that leaves now
ENDS_WITHIN = timedelta(minutes=30)  # of each other: the letter is no use after the first of them
# for another worker to let go of one; then the letter leaves with the others, long before READY_REMINDER_LATE
WAITS_AT_MOST = timedelta(minutes=1)


def shared(address_keys: Collection[str], now: datetime) -> set[str]:
    """Those of these mailboxes of which companions() may find something: more than one id to tell of within minutes."""
    served = MailCertification.objects.current().filter(address_key__in=address_keys)
    mailbox = dict(served.values_list("pharmacy", "address_key"))
    coming = _coming(now).filter(pharmacy__in=mailbox).values_list("pharmacy", "id_sessione").distinct()
    ids = Counter(mailbox[pharmacy] for pharmacy, _ in coming)
    return {address_key for address_key, count in ids.items() if count > 1}


def companions(reminder: Reminder, certification: MailCertification, now: datetime) -> list[Reminder] | None:
    """The other reminders for the mailbox of this address, locked, each with its id; None: another worker holds some of
    them, so that the letter had better wait for the next round. `reminder` has its id at hand.
    """
    served = MailCertification.objects.current().filter(address_key=certification.address_key)
    ends = reminder.id_sessione.expires_at
    theirs = (
        _coming(now)
        .filter(pharmacy__in=served.values("pharmacy"))
        .filter(id_sessione__expires_at__range=(ends - ENDS_WITHIN, ends + ENDS_WITHIN))
        .exclude(id_sessione=reminder.id_sessione_id)
    )
    seen = set(theirs.values_list("pk", flat=True))
    if not seen:
        return []
    held = _held(seen)
    changing = MailCertification.objects.changing({each.pharmacy_id for each in held if each.pharmacy_id is not None})
    held = [each for each in held if each.pharmacy_id not in changing]
    if len(held) < len(seen) and reminder.due_at > now - WAITS_AT_MOST:
        return None
    ids = IdSessione.objects.with_facts().in_bulk({each.id_sessione_id for each in held})
    for each in held:
        each.id_sessione = ids[each.id_sessione_id]
    return held


def nearest(held: list[Reminder], now: datetime) -> tuple[list[Reminder], list[Reminder]]:
    """One for each id, as the timetable would choose it; and those that are due too and that it takes the place of."""
    told: dict[int, Reminder] = {}
    overtaken = []
    for each in sorted(
        held, key=lambda each: (each.due_at > now, each.minutes_before if each.due_at <= now else 0, each.due_at)
    ):
        if each.id_sessione_id not in told:
            told[each.id_sessione_id] = each
        elif each.due_at <= now:
            overtaken.append(each)
    return list(told.values()), overtaken


def _coming(now: datetime) -> QuerySet[Reminder]:
    """What is to be told by mail, before the end of an id, within minutes."""
    return Reminder.objects.by_mail().filter(settled_at=None, due_at__lte=now + DUE_WITHIN, minutes_before__gt=0)


def _held(seen: set[int]) -> list[Reminder]:
    return list(skip_locked(Reminder.objects.filter(pk__in=seen, settled_at=None).order_by("due_at", "pk")))
