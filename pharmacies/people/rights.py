"""The right to certify of one person in one pharmacy, before and after an act: a letter tells the pharmacy what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pharmacies.models import Office


@dataclass(frozen=True)
class Right:
    """From when (not before the act) and until when (None: no end) a person may certify, by all offices together."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class RightNews:
    """The news of a letter: the person gains the right (`since`, `until`), or loses it at `until`."""

    gained: bool
    since: datetime
    until: datetime | None


def right_of(offices: Iterable[Office], now: datetime) -> Right | None:
    """Returns the right that these offices of one person in one pharmacy give now or later; None when they give none."""
    giving = [
        office
        for office in offices
        if office.may_certify and (office.until is None or office.until > max(now, office.since))
    ]
    if not giving:
        return None
    ends = [office.until for office in giving if office.until is not None]
    since = min(max(office.since, now) for office in giving)
    return Right(since, max(ends) if len(ends) == len(giving) else None)


def news_between(before: Right | None, after: Right | None, now: datetime) -> RightNews | None:
    """Returns the news for the person; None when the right is the same."""
    if before == after:
        return None
    if after is None:
        return RightNews(gained=False, since=now, until=now)
    if before is not None and after.until is not None and (before.until is None or after.until < before.until):
        return RightNews(gained=False, since=after.since, until=after.until)
    return RightNews(gained=True, since=after.since, until=after.until)
