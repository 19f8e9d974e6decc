"""A hash chain (HMAC-SHA256) that makes changes to the rows of a table evident.

Writers insert rows without touching the chain, so they never wait for one another. A periodic step, seal(), takes the
committed rows that have no link yet, gives each the next position and writes a link for it. The link keeps a MAC of the row
and the instant from which the row may be deleted: after retention deletes a row its link stays and the chain still verifies; a
row that is missing before that instant is a break. The key comes from SEALING_KEYS: an attacker who can write to the database
but has no key cannot forge a valid chain.

The chain does not detect a change made before the row is sealed (up to a minute), nor the removal of the newest rows together
with their links, unless the newest link is also kept elsewhere: seal() logs it, verify() compares it.
"""

import hmac
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef

BATCH = 500  # rows of one transaction
# No transaction of the portal stays open so long. seal() misses a row that is committed later than this; verify() reports it.
LATE = timedelta(hours=1)
START = "0" * 64
BREAKS_TOLD = 20

logger = logging.getLogger(__name__)
Row = TypeVar("Row", bound=models.Model)


class Link(models.Model):
    """The place of one row in its chain. Never changed, never deleted; outlives its row."""

    position = models.BigIntegerField(primary_key=True)  # 1, 2, 3, ...: two sealers at once cannot take the same one
    row_id = models.BigIntegerField(unique=True)
    keep_until = models.DateTimeField()  # retention may delete the row from then on
    content = models.CharField(max_length=64)  # the MAC of the row
    digest = models.CharField(max_length=64)  # the MAC of this link and of the digest before it
    sealed_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.position}:{self.digest[:12]}"


@dataclass(frozen=True)
class Break:
    """One place where the chain does not verify, and the reason."""

    position: int  # 0 for a row that was never sealed
    row_id: int
    why: str


@dataclass
class ChainVerdict:
    """The result of verify()."""

    checked: int = 0
    forgotten: int = 0  # rows that retention deleted
    waiting: int = 0  # rows of the last hour that are not sealed yet
    head: str = ""  # position:digest of the newest link
    breaks: list[Break] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.breaks


@dataclass(frozen=True)
class Chain(Generic[Row]):
    """The chain of one table: its rows, its links, the sealed facts of a row, and until when a row must be kept (UTC)."""

    name: str
    rows: type[Row]
    links: type[Link]
    facts: Callable[[Row], Mapping[str, Any]]
    keep_until: Callable[[Row], datetime]

    def seal(self, now: datetime) -> int:
        """Seals the committed rows that have no link, in the order of their ids, and returns how many. May run concurrently."""
        sealed, after = 0, 0
        try:
            while batch := self._seal_some(
                now, after
            ):  # a row committed meanwhile with a smaller id waits for the next round
                sealed, after = sealed + len(batch), batch[-1].row_id
        except IntegrityError:  # another sealer took the next position and goes on
            return sealed
        if sealed:
            logger.info("%s: %s rows sealed, newest link %s", self.name, sealed, self.head())
        return sealed

    def head(self) -> str:
        """`position:digest` of the newest link, to be kept elsewhere; "" when there is none."""
        newest = self._links().order_by("-position").first()
        return f"{newest.position}:{newest.digest}" if newest else ""

    def unsealed(self, now: datetime) -> "models.QuerySet[Row]":
        """The rows without a link, by id.

        Looks back to the row of the newest link that was sealed an hour (LATE) before the last sealing: a row with a smaller id
        that was still uncommitted at the last sealing would belong to a transaction longer than any of the portal's. The hour
        counts from the last sealing, not from now, so that a sealer that was stopped misses nothing.
        """
        newest = self._links().order_by("-position").first()
        settled = newest and self._links().filter(sealed_at__lte=newest.sealed_at - LATE).order_by("-position").first()
        return self._without_link().filter(pk__gt=settled.row_id if settled else 0).order_by("pk")

    def verify(self, now: datetime, tell: Callable[[int], None] = lambda _: None, expected: str = "") -> ChainVerdict:
        """Verifies the whole chain from the first link. Calls `tell` with the number of links read, once per batch.

        After a break it continues from the stored digest, so that one change is reported once. `expected` is an earlier head().
        """
        verdict, before, position = ChainVerdict(), START, 0
        expected_position, _, expected_digest = expected.partition(":")
        for link, row in self._pairs():
            for missing in range(position + 1, min(link.position, position + 1 + BREAKS_TOLD)):
                verdict.breaks.append(Break(missing, 0, "the link is missing"))
            position = link.position
            if why := self._what_is_wrong(link, row, before, now):
                verdict.breaks.append(Break(position, link.row_id, why))
            if expected_position == str(position) and expected_digest != link.digest:
                verdict.breaks.append(Break(position, link.row_id, "not the link that was expected here"))
            before = link.digest
            verdict.checked += 1
            verdict.forgotten += row is None
            if verdict.checked % BATCH == 0:
                tell(verdict.checked)
        if expected and not (expected_position.isdigit() and 0 < int(expected_position) <= position):
            verdict.breaks.append(Break(position, 0, f"the chain ends before the link that was expected ({expected})"))
        verdict.head = f"{position}:{before}" if position else ""
        waiting = self.unsealed(now)
        verdict.waiting = waiting.count()
        for row in self._without_link().exclude(pk__in=waiting.values("pk")).order_by("pk")[:BREAKS_TOLD]:
            verdict.breaks.append(Break(0, row.pk, "the row was never sealed"))
        return verdict

    def _what_is_wrong(self, link: Link, row: Row | None, before: str, now: datetime) -> str:
        if row is None and link.keep_until > now:
            return f"the row is gone before its time ({link.keep_until:%Y-%m-%d})"
        for key in _keys():
            if hmac.compare_digest(link.digest, _digest(key, before, link)):
                whole = row is None or hmac.compare_digest(link.content, _mac(key, _canonical(self.facts(row))))
                return "" if whole else "the row was changed"
        return "the link was changed, or its key is no longer in SEALING_KEYS"

    @transaction.atomic
    def _seal_some(self, now: datetime, after: int) -> list[Link]:
        newest = self._links().order_by("-position").first()
        position, before = (newest.position, newest.digest) if newest else (0, START)
        key, made = _keys()[0], []
        for row in self.unsealed(now).filter(pk__gt=after)[:BATCH]:
            position += 1
            link = self.links(
                position=position, row_id=row.pk, keep_until=self.keep_until(row), sealed_at=now,
                content=_mac(key, _canonical(self.facts(row))),
            )  # fmt: skip
            link.digest = before = _digest(key, before, link)
            made.append(link)
        self._links().bulk_create(made)
        return made

    def _pairs(self) -> Iterator[tuple[Link, Row | None]]:
        """Every link with its row (None when it was deleted), a batch at a time."""
        position = 0
        while links := list(self._links().filter(position__gt=position).order_by("position")[:BATCH]):
            rows = self.rows._default_manager.in_bulk([link.row_id for link in links])
            for link in links:
                yield link, rows.get(link.row_id)
            position = links[-1].position

    def _without_link(self) -> "models.QuerySet[Row]":
        return self.rows._default_manager.filter(~Exists(self._links().filter(row_id=OuterRef("pk"))))

    def _links(self) -> "models.QuerySet[Link]":
        return self.links._default_manager.all()


def _digest(key: bytes, before: str, link: Link) -> str:
    return _mac(key, _canonical([before, link.position, link.row_id, link.keep_until, link.content]))


def _canonical(facts: Any) -> bytes:
    """JSON that does not depend on the database: sorted names, instants in UTC."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), default=_as_text).encode()


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    raise TypeError(f"{type(value).__name__} has no place in a chain")


def _mac(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, sha256).hexdigest()


def _keys() -> list[bytes]:
    """One derived key for each of SEALING_KEYS, the one in use first; never the encryption key itself."""
    # The purpose of the key. It is part of every seal written so far, so it does not follow the name of the module.
    return [hmac.new(key.encode(), b"portal.chain", sha256).digest() for key in settings.SEALING_KEYS]
