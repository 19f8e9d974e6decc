"""Lists the rows of a selection, most urgent first, by keyset pagination: no page costs more than the first."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import IntegerField, OuterRef, Q, QuerySet, Subquery, Value

from pharmacies.codes import typed_codes
from pharmacies.models import MailCertification, Pharmacy
from pharmacies.models.pharmacy import PharmacyQuerySet
from sessions.models import IdSessione
from sessions.staff.lists.how_many import COUNTED, HowMany, up_to
from sessions.staff.lists.pharmacy_status import UNREAD, StatusRow
from sessions.staff.lists.search import code_of
from sessions.staff.lists.selection import PharmacySelection
from sessions.staff.lists.urgency import Urgency, of_today, segments

PAGE, CHUNK = 25, 500
ORDER = list(Urgency)
WITHOUT = len(ORDER)  # rank of the pharmacies without an id today: after all others
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Key:
    """The sort key of a row: rank, expiry of its id (UTC; None without an id today), primary key of the id or pharmacy."""

    rank: int
    expires_at: datetime | None
    pk: int

    def __str__(self) -> str:
        """The text for a URL."""
        microseconds = (self.expires_at - EPOCH) // MICROSECOND if self.expires_at else ""
        return f"{self.rank}.{microseconds}.{self.pk}"

    @classmethod
    def read(cls, text: str) -> "Key | None":
        """Parses the text of a URL; None when it is invalid."""
        with suppress(ValueError, OverflowError):
            rank, microseconds, pk = text.split(".")
            at = EPOCH + int(microseconds) * MICROSECOND if microseconds else None
            key = cls(int(rank), at, int(pk))
            if key.pk < 2**63 and (key.rank == WITHOUT) == (at is None):
                return key
        return None


@dataclass(frozen=True)
class StatusPage:
    """One page; `after` and `before`: keys of its neighbours, None without one. `ids`: every id that was read, by key."""

    rows: list[StatusRow]
    after: Key | None = None
    before: Key | None = None
    ids: dict[int, IdSessione] = field(default_factory=dict)


Found = list[tuple[Key, Pharmacy | None]]  # sort key; the pharmacy, when it has no id today


class Listing:
    """The rows of a selection at one instant."""

    def __init__(self, selection: PharmacySelection, now: datetime) -> None:
        self.wanted, self.now = selection, now

    @cached_property
    def selection(self) -> PharmacySelection:
        """The selection that was asked for, its words already looked up: one reading of all names, not one for each query."""
        return self.wanted.looked_up(self.now)

    def page(
        self, after: Key | None = None, before: Key | None = None, size: int = PAGE, also: Iterable[int] = ()
    ) -> StatusPage:
        """The page after or before a key; the first page without one, or when fewer than `size` rows precede the key.

        Three queries at most. `also`: keys of further ids to read in the same query.
        """
        backwards = before is not None
        found = self._keys(before if backwards else after, backwards, size + 1)
        if backwards and len(found) < size:
            return self.page(size=size, also=also)
        more, found = len(found) > size, found[:size]
        if backwards:
            found.reverse()
        first = self._exact if (backwards and not more) or after is before is None else None
        keys = [key for key, _ in found]
        ids = ids_of([*also, *(key.pk for key, one in found if one is None), *_newest_of(found)])
        return StatusPage(
            [*rows_of([first] if first else [], self.now).values(), *(self._row(key, one, ids) for key, one in found)],
            after=keys[-1] if keys and (more or backwards) else None,
            before=keys[0] if keys and (more if backwards else after is not None) else None,
            ids=ids,
        )

    def every(self) -> Iterator[StatusRow]:
        """All rows, in the order of the pages; a few queries for each CHUNK."""
        page = self.page(size=CHUNK)
        yield from page.rows
        while page.after:
            page = self.page(after=page.after, size=CHUNK)
            yield from page.rows

    def pharmacy_keys(self) -> set[int]:
        """Primary keys of the pharmacies that it finds."""
        with_id = self.selection.ids(self.now).order_by().values_list("pharmacy", flat=True)
        return {*with_id, *self.selection.without_id(self.now).order_by().values_list("pk", flat=True)}

    def how_many(self) -> HowMany:
        """Number of pharmacies that it finds, exact up to COUNTED. One query at most."""
        if self.selection.found is not None and self.selection.has_every_state:
            return HowMany(len(self.selection.found))
        parts = [
            self.selection.ids(self.now).order_by().values_list("pharmacy_id"),
            self.selection.without_id(self.now).order_by().values_list("pk"),
        ]
        counted = [part for part in parts if not part.query.is_empty()]
        if not counted:
            return HowMany(0)
        together: QuerySet[Any, Any] = counted[0].union(*counted[1:], all=True) if counted[1:] else counted[0]
        return up_to(COUNTED, together[: COUNTED + 1].count())

    @cached_property
    def _exact(self) -> int | None:
        """Primary key of the pharmacy whose whole code was typed, if the selection finds it: its row comes first."""
        code = code_of(self.selection.words)
        if not code:
            return None
        named = Pharmacy.objects.filter(code__in=typed_codes(code)).order_by().values("pk")
        with_id = self.selection.ids(self.now).filter(pharmacy__in=named).order_by()
        without = self.selection.without_id(self.now).filter(pk__in=named).order_by()
        found = [*with_id.values_list("pharmacy__type", "pharmacy"), *without.values_list("type", "pk")]
        return min(found)[1] if found else None  # a pharmacy before a parafarmacia, whose type is the last

    def _keys(self, beyond: Key | None, backwards: bool, size: int) -> Found:
        """At most `size` rows beyond a key, in the order of the pages or backwards."""
        found: Found = []
        rows = (self._with_id, self._without_id)
        for read in reversed(rows) if backwards else rows:
            if len(found) < size:
                found += read(beyond, backwards, size - len(found))
        return found

    def _with_id(self, beyond: Key | None, backwards: bool, size: int) -> Found:
        """Reads, in one query, the nearest rows of every segment, and keeps the nearest of all."""
        sign, parts = "-" if backwards else "", []
        for urgency in segments(self.now):
            rank = ORDER.index(urgency)
            if beyond is not None and rank != beyond.rank and (rank > beyond.rank) == backwards:
                continue
            segment = self.selection.ids_of(urgency, self.now)
            segment = segment.exclude(pharmacy=self._exact) if self._exact else segment
            if beyond is not None and rank == beyond.rank:
                segment = segment.filter(_beyond(beyond, backwards))
            nearest = segment.order_by(f"{sign}expires_at", f"{sign}pk").values("pk")[:size]
            keys = IdSessione.objects.filter(pk__in=nearest).order_by()
            parts.append(keys.annotate(rank=Value(rank, IntegerField())).values_list("rank", "expires_at", "pk"))
        if not parts or parts[0].query.is_empty():
            return []
        together: QuerySet[Any, Any] = parts[0].union(*parts[1:], all=True)
        ordered = together.order_by(*(f"{sign}{name}" for name in ("rank", "expires_at", "pk")))[:size]
        return [(Key(*row), None) for row in ordered]

    def _without_id(self, beyond: Key | None, backwards: bool, size: int) -> Found:
        """The pharmacies without an id today, by name."""
        found, sign = self.selection.without_id(self.now), "-" if backwards else ""
        found = found.exclude(pk=self._exact) if self._exact else found
        if found.query.is_empty() or (backwards and beyond is not None and beyond.rank != WITHOUT):
            return []
        if beyond is not None and beyond.rank == WITHOUT:
            name = Subquery(Pharmacy.objects.filter(pk=beyond.pk).values("name")[:1])
            side = "lt" if backwards else "gt"
            found = found.filter(Q(**{f"name__{side}": name}) | Q(**{"name": name, f"pk__{side}": beyond.pk}))
        nearest = known(found).order_by(f"{sign}name", f"{sign}pk")[:size]
        return [(Key(WITHOUT, None, pharmacy.pk), pharmacy) for pharmacy in nearest]

    def _row(self, key: Key, one: Pharmacy | None, ids: dict[int, IdSessione]) -> StatusRow:
        if one is not None:
            return _of_known(one, ids, self.now)
        newest = ids[key.pk]
        assert newest.pharmacy is not None  # noqa: S101  an id of today has one
        return StatusRow(newest.pharmacy, newest, self.now)


def rows_of(keys: list[int], now: datetime) -> dict[int, StatusRow]:
    """The rows of these pharmacies by primary key, whatever their state is now. Three queries."""
    todays = of_today(now).filter(pharmacy__in=keys).with_facts().defer(*UNREAD)
    rows = {one.pharmacy_id: StatusRow(one.pharmacy, one, now) for one in todays if one.pharmacy and one.pharmacy_id}
    without: list[Any] = list(known(Pharmacy.objects.filter(pk__in=[pk for pk in keys if pk not in rows])))
    ids = ids_of([one.newest_id for one in without if one.newest_id is not None])
    return rows | {one.pk: _of_known(one, ids, now) for one in without}


def known(pharmacies: PharmacyQuerySet) -> PharmacyQuerySet:
    """Adds `newest_id` (the id requested last, in whatever state) and `certified_address` to each pharmacy."""
    newest = IdSessione.objects.filter(pharmacy=OuterRef("pk")).order_by("-requested_at", "-pk").values("pk")[:1]
    address = MailCertification.objects.current().filter(pharmacy=OuterRef("pk")).values("address")[:1]
    return pharmacies.annotate(newest_id=Subquery(newest), certified_address=Subquery(address))


def _of_known(one: Any, ids: dict[int, IdSessione], now: datetime) -> StatusRow:
    return StatusRow(one, ids.get(one.newest_id), now, one.certified_address or "")


def ids_of(keys: list[int]) -> dict[int, IdSessione]:
    """Reads these ids with all that a row shows, without the columns that no page may read."""
    return IdSessione.objects.with_facts().defer(*UNREAD).in_bulk(keys) if keys else {}


def _newest_of(found: Found) -> list[int]:
    known: list[Any] = [one for _, one in found if one is not None]
    return [one.newest_id for one in known if one.newest_id is not None]


def _beyond(key: Key, backwards: bool) -> Q:
    """Condition for the rows of the same segment after this key, or before it."""
    side = "lt" if backwards else "gt"
    return Q(**{f"expires_at__{side}e": key.expires_at}) & (
        Q(**{f"expires_at__{side}": key.expires_at}) | Q(**{f"pk__{side}": key.pk})
    )
