"""What no honest gestionale does: ids asked for one utenza from too many places in a day (somebody else has its password), or
one after the other without end (a program in a loop). Source: docs/contract.md, section 5, for the first.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from pharmacies.models import Utenza
from portal.time.clock import day_start
from portal.web.places import place_of
from sessions.models import Context, IdSessione
from sessions.utenze import life

IDS_AN_HOUR = 60  # for one utenza and context: every till of a large shop in its first hour, several times over
log = logging.getLogger(__name__)


@transaction.atomic
def noticed(utenza: Utenza, address: str | None, now: datetime) -> bool:
    """Called after an id was given to a gestionale at `address`: True when this one was too many and the utenza is now blocked.

    Counts the distinct addresses of the Italian day since the last unblocking; more than A2F_MAX_ADDRESSES_A_DAY block the
    utenza, revoke its ids, write to the certified address and to the journal. One caller at a time: when another has just
    blocked it, the id that this one was given is as dead.
    """
    row = life.locked(utenza)
    if row.blocked_at is not None:
        return True
    since = max(day_start(now), row.unblocked_at or day_start(now))
    asked = IdSessione.objects.filter(utenza=row, requested_at__gte=since).exclude(requested_from=None)
    places = {place_of(each) for each in (*asked.values_list("requested_from", flat=True).distinct(), address) if each}
    if len(places) <= settings.A2F_MAX_ADDRESSES_A_DAY:
        return False
    because = f"ID SESSIONE chiesti da {len(places)} indirizzi di rete diversi nello stesso giorno"
    return life.block(row, because, None, now)


def is_in_a_loop(utenza: Utenza, context: Context, now: datetime) -> bool:
    """Asked before an id is given to a gestionale: True when it took IDS_AN_HOUR in the last hour.

    Each would be a letter to the pharmacy, and the end of the id in the letter before. The utenza is not blocked: who wrote
    the loop is no thief, and the shop goes on with the id that it has. Not exact when several ask at once.
    """
    taken = IdSessione.objects.of(utenza, context).filter(requested_by=None, requested_at__gt=now - timedelta(hours=1))
    if len(taken.values_list("pk")[:IDS_AN_HOUR]) < IDS_AN_HOUR:
        return False
    log.warning("The gestionale of utenza %s asks for ids in a loop: it gets no more for now.", utenza.pk)
    return True
