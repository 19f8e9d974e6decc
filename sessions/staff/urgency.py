"""How urgent a pharmacy is for the staff, seen from its newest id: the rule for one row and, beside it, for many."""

from datetime import datetime
from enum import Enum

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, Value, When

from portal.clock import day_start
from sessions.cards import EXPIRING_WITHIN
from sessions.models import IdSessione, State
from sessions.models.id_sessione import IdSessioneQuerySet


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


def of_today(now: datetime) -> IdSessioneQuerySet:
    """One id per pharmacy: the newest that is live or expired since midnight in Italy.

    The newest is the one that expires last. So a renewal counts from the moment it is asked for, and an id that
    expired does not count where another is live.
    """
    live_or_expired = IdSessione.objects.live(now) | IdSessione.objects.expired(now)
    # revoked_at: an id that has expired is never revoked, and the index on expires_at holds the others only
    candidates = live_or_expired.filter(expires_at__gte=day_start(now), revoked_at=None)
    later = candidates.filter(pharmacy=OuterRef("pharmacy")).filter(
        Q(expires_at__gt=OuterRef("expires_at")) | Q(expires_at=OuterRef("expires_at"), pk__gt=OuterRef("pk"))
    )
    return candidates.filter(~Exists(later), pharmacy__isnull=False)


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
    return Q(expires_at__lte=now)


def rank(now: datetime) -> Case:
    """0 for the most urgent, in the order of Urgency. Among the ids of today; `urgency_of` says the same of one row."""
    order = list(Urgency)
    return Case(
        When(undelivered(), then=Value(order.index(Urgency.UNDELIVERED))),
        When(expiring(now), then=Value(order.index(Urgency.EXPIRING))),
        When(expired(now), then=Value(order.index(Urgency.EXPIRED_TODAY))),
        default=Value(order.index(Urgency.LIVE)),
        output_field=IntegerField(),
    )
