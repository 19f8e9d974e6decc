"""Makes settled reminders that reached nobody due again, at every round of sending.py, when they can be delivered now.

The round reads the facts; no event triggers it. So it does not matter what made the address good (a new one, the same one
proved again, staff, a letter that arrived), nor which outage kept the letter.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from pharmacies.models import MailCertification
from portal.database.claims import hold
from portal.outbox.models import OutgoingMail
from sessions.letters import id_letters
from sessions.models import Reminder
from sessions.models.reminder import NOWHERE, ReminderQuerySet

LOOKS_BACK = timedelta(days=3)  # longer than any id lives


@transaction.atomic
def reopen(now: datetime) -> int:
    """Makes such reminders due again. Returns how many."""
    again = [*_had_nowhere_to_go(now).values_list("pk", flat=True), *_failed(now).values_list("pk", flat=True)]
    if not again:
        return 0
    held = hold(Reminder.objects.filter(pk__in=again).exclude(settled_at=None))
    return Reminder.objects.filter(pk__in=held).update(settled_at=None, letter=None, skipped_because="", due_at=now)


def _had_nowhere_to_go(now: datetime) -> ReminderQuerySet:
    """Skipped for want of an address that exists now; about an id that is not over, or a notice that is still useful."""
    news = Q(minutes_before=0, id_sessione__expires_at__gt=now - id_letters.NOTICE_USEFUL_FOR)
    skipped = Reminder.objects.by_mail().filter(skipped_because__in=NOWHERE, due_at__gt=now - LOOKS_BACK)
    return skipped.filter(news | Q(id_sessione__expires_at__gt=now)).filter(_is_reachable())


def _failed(now: datetime) -> ReminderQuerySet:
    """Sent before the end of an id that is over by now, not delivered, and covered by no other letter or planned notice."""
    since = now - id_letters.NOTICE_USEFUL_FOR
    failed = OutgoingMail.objects.refused().filter(kind=OutgoingMail.Kind.REMINDER, failed_at__gt=since - LOOKS_BACK)
    others = Reminder.objects.by_mail().filter(id_sessione=OuterRef("id_sessione"))
    covered = Exists(others.sent()) | Exists(others.filter(minutes_before=0))
    over = Reminder.objects.by_mail().filter(id_sessione__expires_at__range=(since, now), letter__in=failed)
    return over.filter(~covered).filter(_is_reachable())


def _is_reachable() -> Exists:
    current = MailCertification.objects.current().filter(pharmacy=OuterRef("pharmacy"), undeliverable_at=None)
    return Exists(current)
