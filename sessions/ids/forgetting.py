"""The sweep: what must not stay, once an id is dead."""

from datetime import datetime

from django.db import transaction

from portal.database.claims import skip_locked
from sessions.ids.withdrawing import withdraw_letters
from sessions.models import IdSessione
from sessions.webhooks import events

BATCH = 500


def forget_dead(now: datetime) -> int:
    """Wipes the sealed copies of dead ids and marks why they are dead. How many; running it twice changes nothing.

    An id that hangs on a revoked address or an unusable utenza becomes revoked for good: an utenza that comes back does not
    bring it back. A closed pharmacy that reopens does: its ids are left alone until their own end.
    """
    forgotten = 0
    while batch := _forget_some(now):
        forgotten += batch
    return forgotten


@transaction.atomic
def _forget_some(now: datetime) -> int:
    kept = IdSessione.objects.within_hours(now).values("pk")
    rows = IdSessione.objects.filter(sealed__isnull=False).exclude(pk__in=kept).order_by("pk")
    dead = list(skip_locked(rows).values_list("pk", flat=True)[:BATCH])
    ended = IdSessione.objects.filter(pk__in=dead).end(now)
    # What is said of an id whose hours are over stays to be said; the letter with such an id is given up by the outbox.
    withdraw_letters(IdSessione.objects.filter(pk__in=dead, expires_at__gt=now).values_list("pk", flat=True), now)
    events.revoked(dead, now)
    return ended
