"""The sweep: deletes the sealed copies of dead ids."""

from datetime import datetime

from django.db import transaction

from portal.database.claims import skip_locked
from sessions.ids import carried
from sessions.ids.withdrawing import withdraw_letters
from sessions.models import IdSessione
from sessions.webhooks import events

BATCH = 500


def forget_dead(now: datetime) -> int:
    """Deletes the sealed copies of dead ids and marks each as expired or revoked. Returns how many. Idempotent.

    An id whose address is revoked or whose utenza is unusable becomes revoked for good: enabling the utenza again does not
    revive it. Ids of a closed pharmacy are left alone until they expire, because a reopening revives them.
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
    # The notice that an id has expired must still leave; the outbox gives up a letter that carries an expired id by itself.
    withdraw_letters(IdSessione.objects.filter(pk__in=dead, expires_at__gt=now).values_list("pk", flat=True), now)
    carried.write_without_dead(carried.shared_with_live(dead, now), now)
    events.revoked(dead, now)
    return ended
