"""Ids asked for one utenza from too many places in a day: somebody else has its password. Source: A2F contract, section 5."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from pharmacies.models import Utenza
from portal.clock import day_start
from portal.places import place_of
from sessions.models import IdSessione
from sessions.utenze import life


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
