"""How urgent a pharmacy is for the staff, seen from its newest id: the rule for one row and, beside it, for many."""

from datetime import datetime, timedelta
from enum import Enum

from django.db.models import Exists, OuterRef, Q

from portal.time.clock import day_start
from sessions.ids.cards import EXPIRING_WITHIN
from sessions.models import IdSessione, State
from sessions.models.id_sessione import IdSessioneQuerySet

LONGEST_LIFE = timedelta(
    days=3
)  # no id of today was asked for longer ago: the index of the refused letters need not go back


class Urgency(Enum):
    """Most urgent first. The word and the kind of its pill."""

    UNDELIVERED = ("Non consegnata", "bad")
    EXPIRING = ("In scadenza", "warn")
    EXPIRED_TODAY = ("Scaduta", "bad")
    LIVE = ("Attiva", "ok")
    REVOKED = ("Revocata", "off")
    EXPIRED_BEFORE = ("Scaduta ieri o prima", "off")
    NEVER = ("Mai richiesto", "off")

    @property
    def word(self) -> str:
        return self.value[0]

    @property
    def kind(self) -> str:
        return self.value[1]


def urgency_of(newest: IdSessione | None, now: datetime) -> Urgency:
    """The urgency of a pharmacy whose newest id is this one."""
    if newest is None:
        return Urgency.NEVER
    state = newest.state(now)
    if state is State.REVOCATO:
        return Urgency.REVOKED
    if state is State.SCADUTO and newest.expires_at < day_start(now):
        return Urgency.EXPIRED_BEFORE
    if newest.letter.failed_at is not None:
        return Urgency.UNDELIVERED
    if state is State.SCADUTO:
        return Urgency.EXPIRED_TODAY
    return Urgency.EXPIRING if newest.expires_at <= now + EXPIRING_WITHIN else Urgency.LIVE


def candidates(now: datetime) -> IdSessioneQuerySet:
    """The ids that are live, and those that expired since midnight in Italy and were the last: one or two of a pharmacy."""
    # revoked_at: an id that has expired is never revoked, and the indexes on expires_at hold the others only
    return IdSessione.objects.standing(now).filter(counting(now), expires_at__gte=day_start(now), revoked_at=None)


def counting(now: datetime, prefix: str = "") -> Q:
    """An id whose hours are over counts no more once the pharmacy asked for one that expires later, whatever became of it."""
    return Q(**{f"{prefix}expires_at__gt": now}) | Q(**{f"{prefix}outlived_at": None})


def of_today(now: datetime) -> IdSessioneQuerySet:
    """One id per pharmacy: the newest of its candidates.

    The newest is the one that expires last. So a renewal counts from the moment it is asked for, and an id that
    expired does not count where another is live.
    """
    later = (
        candidates(now)
        .filter(pharmacy=OuterRef("pharmacy"), expires_at__gte=OuterRef("expires_at"))
        .filter(Q(expires_at__gt=OuterRef("expires_at")) | Q(pk__gt=OuterRef("pk")))
    )
    return candidates(now).filter(~Exists(later), pharmacy__isnull=False)


def undelivered() -> Q:
    return Q(letter__failed_at__isnull=False)


def live(now: datetime) -> Q:
    """Among the ids of today."""
    return Q(expires_at__gt=now)


def expiring(now: datetime) -> Q:
    """Among the ids of today."""
    return Q(expires_at__gt=now, expires_at__lte=now + EXPIRING_WITHIN)


def expired(now: datetime) -> Q:
    """Among the ids of today."""
    return Q(expires_at__lte=now, outlived_at=None)


def segments(now: datetime) -> dict[Urgency, Q]:
    """The ids of today by urgency, most urgent first: each is in one segment. `urgency_of` says the same of one row.

    Four short stretches of one index instead of one order for all: a page reads as many rows as it shows.
    """
    arrived, an_hour = Q(letter__failed_at=None), now + EXPIRING_WITHIN
    return {
        Urgency.UNDELIVERED: undelivered() & Q(letter__failed_at__gte=day_start(now) - LONGEST_LIFE),
        Urgency.EXPIRING: arrived & expiring(now),
        Urgency.EXPIRED_TODAY: arrived & expired(now),
        Urgency.LIVE: arrived & Q(expires_at__gt=an_hour),
    }
