"""What the staff ask of the status page: how many, which pharmacies, when the ids expire. One row per pharmacy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import overload

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from pharmacies.models import Pharmacy
from portal.clock import ROME
from sessions.cards import EXPIRING_WITHIN
from sessions.models import IdSessione
from sessions.models.id_sessione import IdSessioneQuerySet
from sessions.staff import urgency as rules
from sessions.staff.forms import ALL, EXPIRED, EXPIRING, LIVE, NEVER, TODAY, UNDELIVERED, WITHOUT, StatusFilter
from sessions.staff.urgency import Urgency, urgency_of

HOURS_AHEAD = 16  # of the drawing: as long as an id lasts
# Never read for a page: the hashes, the sealed copies.
UNREAD = (
    "digest", "sealed", "fingerprint", "pincode_fingerprint", "letter__sealed_source", "utenza__password", "utenza__pincode",
)  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """How many pharmacies, of those with an id today; and how many ids expire in each of the next hours."""

    live: int
    expiring: int
    expired: int
    undelivered: int
    by_hour: tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One pharmacy and its newest id."""

    pharmacy: Pharmacy
    newest: IdSessione | None
    now: datetime

    @property
    def urgency(self) -> Urgency:
        return urgency_of(self.newest, self.now)

    @property
    def left(self) -> timedelta:
        """Time before expiry; negative when it is over, zero when there is no id."""
        return self.newest.expires_at - self.now if self.newest else timedelta()

    @property
    def is_today(self) -> bool:
        """Has an id that counts today: its time left is worth saying."""
        return self.urgency in (
            Urgency.UNDELIVERED, Urgency.EXPIRING, Urgency.EXPIRED_TODAY, Urgency.LIVE,
        )  # fmt: skip

    @property
    def is_over(self) -> bool:
        return self.left <= timedelta()

    @property
    def is_live(self) -> bool:
        return self.newest is not None and self.newest.is_live(self.now)

    @property
    def percent_left(self) -> int:
        """Of the hours of the id; never 0 while it is live, so that the bar shows."""
        if self.newest is None or self.is_over:
            return 0
        return max(1, self.newest.left_percent(self.now))

    @property
    def colour(self) -> str:
        return "warn" if timedelta() < self.left <= EXPIRING_WITHIN else "ok"


def counts(now: datetime) -> Counts:
    """Everything the top of the page says, in one query."""
    hours = {
        f"hour_{n}": Count(
            "pk", filter=Q(expires_at__gt=now + timedelta(hours=n), expires_at__lte=now + timedelta(hours=n + 1))
        )
        for n in range(HOURS_AHEAD)
    }
    found = rules.of_today(now).aggregate(
        live=Count("pk", filter=rules.live(now)),
        expiring=Count("pk", filter=rules.expiring(now)),
        expired=Count("pk", filter=rules.expired(now)),
        undelivered=Count("pk", filter=rules.undelivered()),
        **hours,
    )
    return Counts(
        found["live"],
        found["expiring"],
        found["expired"],
        found["undelivered"],
        tuple(found[f"hour_{n}"] for n in range(HOURS_AHEAD)),
    )


class Listing(Sequence[Row]):
    """The rows that a filter asks for, in a stable order, read a page at a time: first the ids of today by urgency and
    time left, then the pharmacies with no id today by name.
    """

    def __init__(self, wanted: StatusFilter, now: datetime) -> None:
        state, words, province = wanted.value("stato"), wanted.value("cerca"), wanted.value("provincia")
        self.now = now
        self.today = _of_state(state, now).filter(_matching(words, province, "pharmacy__"))
        self.without = _without_id(state, now).filter(_matching(words, province, ""))
        self._count_of_today: int | None = None

    def __len__(self) -> int:
        return self._today_count() + self.without.count()

    @overload
    def __getitem__(self, wanted: int) -> Row: ...
    @overload
    def __getitem__(self, wanted: slice) -> "list[Row]": ...

    def __getitem__(self, wanted: int | slice) -> "Row | list[Row]":
        if isinstance(wanted, int):
            return self._between(wanted, wanted + 1)[0]
        return self._between(wanted.start or 0, len(self) if wanted.stop is None else wanted.stop)

    def _between(self, start: int, stop: int) -> list[Row]:
        rows = [
            Row(newest.pharmacy, newest, self.now)
            for newest in _ordered(self.today, self.now)[start:stop]
            if newest.pharmacy
        ]
        if len(rows) == stop - start:
            return rows
        first = max(0, start - self._today_count())
        pharmacies = list(self.without.order_by("name", "code")[first : first + stop - start - len(rows)])
        newest = _newest_of(pharmacies)
        return rows + [Row(pharmacy, newest.get(pharmacy.pk), self.now) for pharmacy in pharmacies]

    def _today_count(self) -> int:
        if self._count_of_today is None:
            self._count_of_today = self.today.count()
        return self._count_of_today


def most_urgent(now: datetime, at_most: int) -> list[Row]:
    """Who to follow first: undelivered, expiring, expired today."""
    wanted = rules.of_today(now).filter(rules.undelivered() | Q(expires_at__lte=now + EXPIRING_WITHIN))
    return [Row(newest.pharmacy, newest, now) for newest in _ordered(wanted, now)[:at_most] if newest.pharmacy]


def newest_today(pharmacy: Pharmacy, now: datetime) -> IdSessione | None:
    """The id of today of one pharmacy, as the status page counts it."""
    return rules.of_today(now).filter(pharmacy=pharmacy).with_facts().defer(*UNREAD).first()


def _ordered(ids: IdSessioneQuerySet, now: datetime) -> IdSessioneQuerySet:
    return ids.with_facts().defer(*UNREAD).order_by(rules.rank(now), "expires_at", "pk")


def _of_state(state: str, now: datetime) -> IdSessioneQuerySet:
    today = rules.of_today(now)
    conditions = {
        TODAY: Q(),
        ALL: Q(),
        LIVE: rules.live(now),
        EXPIRING: rules.expiring(now),
        EXPIRED: rules.expired(now),
        UNDELIVERED: rules.undelivered(),
    }
    return today.filter(conditions[state]) if state in conditions else today.none()


def _without_id(state: str, now: datetime) -> QuerySet[Pharmacy]:
    """Open pharmacies that `of_today` does not hold."""
    pharmacies = Pharmacy.objects.open_on(now.astimezone(ROME).date())
    if state in (ALL, WITHOUT):
        return pharmacies.exclude(pk__in=rules.of_today(now).values("pharmacy"))
    if state == NEVER:
        return pharmacies.filter(~Exists(IdSessione.objects.filter(pharmacy=OuterRef("pk"))))
    return pharmacies.none()


def _matching(words: str, province: str, prefix: str) -> Q:
    """Every word must be found in the name, in the comune or at the start of the code."""
    matching = Q(**{f"{prefix}province": province}) if province else Q()
    for word in words.replace("’", "'").split():
        # SQLite folds the case of plain letters only, and the register writes «FORLÌ»
        either = Q(**{f"{prefix}code__startswith": word.lstrip("0") or word}) | Q(**{f"{prefix}code__startswith": word})
        for spelling in {word, word.upper(), word.lower(), word.capitalize()} if not word.isascii() else {word}:
            either |= Q(**{f"{prefix}name__icontains": spelling}) | Q(**{f"{prefix}comune__icontains": spelling})
        matching &= either
    return matching


def _newest_of(pharmacies: list[Pharmacy]) -> dict[int, IdSessione]:
    """The id that each of these few pharmacies asked for last, whatever became of it."""
    ids = (
        IdSessione.objects.filter(pharmacy__in=pharmacies)
        .filter(
            ~Exists(
                IdSessione.objects.filter(pharmacy=OuterRef("pharmacy")).filter(
                    Q(requested_at__gt=OuterRef("requested_at"))
                    | Q(requested_at=OuterRef("requested_at"), pk__gt=OuterRef("pk"))
                )
            )
        )
        .with_facts()
        .defer(*UNREAD)
    )
    return {newest.pharmacy_id: newest for newest in ids if newest.pharmacy_id is not None}
