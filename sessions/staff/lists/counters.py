"""Counts the pharmacies of a place by state, and the expiries of the next hours, in one query."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, FilteredRelation, Max, Q

from pharmacies.models import MailCertification, Utenza
from pharmacies.models.pharmacy import PharmacyQuerySet
from portal.outbox.models import OutgoingMail
from portal.time.clock import day_start
from sessions.ids.cards import EXPIRING_WITHIN
from sessions.models import NightDuty
from sessions.models.id_sessione import standing
from sessions.staff.lists.brief_cache import kept
from sessions.staff.lists.selection import (
    ALL,
    BLOCKED,
    EXPIRED,
    EXPIRING,
    LIVE,
    TODAY,
    UNDELIVERED,
    WITHOUT,
    Certification,
    PharmacySelection,
)
from sessions.staff.lists.urgency import LONGEST_LIFE, counting

HOURS_AHEAD = 16  # in the chart: as long as an id lasts
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class StatusCounts:
    """Open pharmacies in all and by state; `by_hour`: pharmacies whose id expires in each of the next HOURS_AHEAD hours."""

    pharmacies: int
    live: int
    expiring: int
    expired: int
    undelivered: int
    never_certified: int
    blocked: int
    expired_on_duty: int
    by_hour: tuple[int, ...]

    def found_by(self, selection: PharmacySelection) -> int | None:
        """Number of rows of this selection's list; None when these counts do not say it."""
        if selection.is_counted:
            return self.of_state(selection.state)
        never = replace(selection.place_only, certification=Certification.NEVER)
        return self.never_certified if selection == never else None

    def of_state(self, state: str) -> int | None:
        """Number of rows of the list in this state; None when it is not counted."""
        today = self.live + self.expired
        return {
            TODAY: today, ALL: self.pharmacies, WITHOUT: self.pharmacies - today, LIVE: self.live, EXPIRING: self.expiring,
            EXPIRED: self.expired, UNDELIVERED: self.undelivered, BLOCKED: self.blocked,
        }.get(state)  # fmt: skip


def counts_for(selection: PharmacySelection, now: datetime) -> StatusCounts:
    """The counts of the selected place, without the other filters; at most DESK_KEPT_FOR old."""
    place = selection.place_only
    of = (place.territory.cache_key, place.region, place.province, place.asl)
    return kept("counts", of, lambda: counts(place.pharmacies(now), now))


def counts(pharmacies: PharmacyQuerySet, now: datetime) -> StatusCounts:
    """Counts in one aggregate query. Each pharmacy counts by its id that expires last, as in `urgency.of_today`."""
    ids = Q(counting(now, "ids__"), ids__expires_at__gte=day_start(now), ids__revoked_at=None)
    refused = OutgoingMail.objects.filter(failed_at__gte=day_start(now) - LONGEST_LIFE).values("pk")
    stands = standing(now, "todays__", "closed_on")
    with_expiry = (
        pharmacies.order_by()
        .alias(todays=FilteredRelation("ids", condition=ids))
        .values("pk")
        .annotate(
            last=_Last("todays__expires_at", filter=stands),
            last_refused=_Last("todays__expires_at", filter=Q(todays__letter__in=refused) & stands),
        )
    )  # fmt: skip
    # sets, not a subquery per pharmacy: PostgreSQL reads each set once
    certified = MailCertification.objects.filter(certified_at__isnull=False).values("pharmacy")
    blocked = Utenza.objects.filter(blocked_at__isnull=False, pharmacy__isnull=False).values("pharmacy")
    hours = {f"hour_{n}": _between(now + n * HOUR, now + (n + 1) * HOUR) for n in range(HOURS_AHEAD)}
    found = with_expiry.aggregate(
        pharmacies=Count("pk"),
        live=Count("pk", filter=Q(last__gt=now)),
        expiring=_between(now, now + EXPIRING_WITHIN),
        expired=Count("pk", filter=Q(last__lte=now)),
        undelivered=Count("pk", filter=Q(last=F("last_refused"))),
        never_certified=Count("pk", filter=~Q(pk__in=certified)),
        blocked=Count("pk", filter=Q(pk__in=blocked)),
        expired_on_duty=Count(
            "pk", filter=Q(last__lte=now, pk__in=NightDuty.objects.of_tonight(now).values("pharmacy"))
        ),
        **hours,
    )
    by_hour = tuple(found.pop(name) for name in hours)
    return StatusCounts(**found, by_hour=by_hour)


class _Last(Max):
    """Max, in which Django replaces no part: it would search this one for each of the 24 counts, 40 ms in all."""

    def replace_expressions(self, replacements: Mapping[Any, Any]) -> Any:
        return replacements.get(self, self)


def _between(after: datetime, until: datetime) -> Count:
    return Count("pk", filter=Q(last__gt=after, last__lte=until))
