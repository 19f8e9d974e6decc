"""The urgency of a pharmacy, computed from its newest id: the rule for one row and the same rule as a query."""

from datetime import datetime, timedelta
from enum import Enum

from django.db.models import Exists, OuterRef, Q

from portal.time.clock import day_start
from sessions.ids.cards import EXPIRING_WITHIN
from sessions.models import IdSessione, State
from sessions.models.id_sessione import IdSessioneQuerySet

# No id of today was requested longer ago, so a search of refused letters may stop there.
LONGEST_LIFE = timedelta(days=3)


class Urgency(Enum):
    """Most urgent first; each with the word and the colour of its label."""

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
    """The urgency of a pharmacy with this newest id."""
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


def candidates(now: datetime, among: Q | None = None, *, only_live: bool = False) -> IdSessioneQuerySet:
    """Live ids, and ids that expired since midnight in Italy and had no later one: one or two per pharmacy.

    `among`: a narrower condition, which takes the place of `counting`. PostgreSQL multiplies the shares of two conditions, so
    one that says the same again makes it expect a thirtieth of the rows and choose a plan that is ten times slower.
    `only_live`: the same ids by the short rule of the live ones, which costs a third to compose.
    """
    if only_live:
        return IdSessione.objects.live(now).filter(among or Q())
    # revoked_at=None: the partial indexes on expires_at hold such ids only; an expired id is never revoked
    found = IdSessione.objects.standing(now).filter(expires_at__gte=day_start(now), revoked_at=None)
    return found.filter(counting(now) if among is None else among)


def counting(now: datetime, prefix: str = "") -> Q:
    """Condition: the id has not expired, or the pharmacy has never requested one that expires later."""
    return Q(**{f"{prefix}expires_at__gt": now}) | Q(**{f"{prefix}outlived_at": None})


def of_today(now: datetime, among: Q | None = None, *, only_live: bool = False) -> IdSessioneQuerySet:
    """One id per pharmacy: the candidate that expires last.

    So a renewal counts from the moment it is requested, and an expired id does not count beside a live one. `among`: only the
    ids with this condition, which implies `counting` (see `candidates`). `only_live`: of the live ids; none that expires later
    than a live one has expired.
    """
    later = (
        candidates(now, only_live=only_live)
        .filter(pharmacy=OuterRef("pharmacy"), expires_at__gte=OuterRef("expires_at"))
        .filter(Q(expires_at__gt=OuterRef("expires_at")) | Q(pk__gt=OuterRef("pk")))
    )
    return candidates(now, among, only_live=only_live).filter(~Exists(later), pharmacy__isnull=False)


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
    """Conditions that split the ids of today by urgency, most urgent first. `urgency_of` is the same rule for one row.

    Four ranges of one index instead of one sort of all rows: a page reads only the rows that it shows.
    """
    arrived, an_hour = Q(letter__failed_at=None), now + EXPIRING_WITHIN
    return {
        Urgency.UNDELIVERED: undelivered() & Q(letter__failed_at__gte=day_start(now) - LONGEST_LIFE),
        Urgency.EXPIRING: arrived & expiring(now),
        Urgency.EXPIRED_TODAY: arrived & expired(now),
        Urgency.LIVE: arrived & Q(expires_at__gt=an_hour),
    }
