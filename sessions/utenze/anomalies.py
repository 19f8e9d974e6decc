"""Detects requests that no normal gestionale makes: ids for one utenza from too many network addresses in a day (its password
may be stolen), or without end (a program in a loop). Source of the first: docs/contract.md, section 5.
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

IDS_AN_HOUR = (
    60  # for one utenza and context: enough for every till of a large shop in its first hour, several times over
)
log = logging.getLogger(__name__)


@transaction.atomic
def noticed(utenza: Utenza, address: str | None, now: datetime) -> bool:
    """Blocks the utenza when too many addresses asked for ids today. True when it is blocked: the id just issued is dead.

    The caller has just issued an id to a gestionale at `address`. Counts the distinct addresses since the start of the Italian
    day or the last unblocking. More than A2F_MAX_ADDRESSES_A_DAY block the utenza, revoke its ids, write to the certified
    address and to the journal. Callers for one utenza run one after the other (row lock).
    """
    row = life.locked(utenza)
    if row.blocked_at is not None:
        return True
    since = max(day_start(now), row.unblocked_at or day_start(now))
    issued = IdSessione.objects.filter(utenza=row, requested_at__gte=since).exclude(requested_from=None)
    addresses = (*issued.values_list("requested_from", flat=True).distinct(), address)
    places = {place_of(known) for known in addresses if known}
    if len(places) <= settings.A2F_MAX_ADDRESSES_A_DAY:
        return False
    because = f"ID SESSIONE chiesti da {len(places)} indirizzi di rete diversi nello stesso giorno"
    return life.block(row, because, None, now)


def is_in_a_loop(utenza: Utenza, context: Context, now: datetime) -> bool:
    """Whether gestionali got IDS_AN_HOUR for this utenza and context in the last hour. The caller then refuses another id.

    Each further id would send a letter and end the previous id. The utenza is not blocked: a loop is a bug, no theft, and the
    shop keeps the id that it has. The count is not exact when several requests run at once.
    """
    taken = IdSessione.objects.of(utenza, context).filter(requested_by=None, by_portal=False)
    taken = taken.filter(requested_at__gt=now - timedelta(hours=1))
    if len(taken.values_list("pk")[:IDS_AN_HOUR]) < IDS_AN_HOUR:
        return False
    log.warning("The gestionale of utenza %s asks for ids in a loop: it gets no more for now.", utenza.pk)
    return True
