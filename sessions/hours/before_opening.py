"""Computes when the portal asks for ids before a pharmacy opens: so many minutes before, spread so that pharmacies do not come at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sessions.hours.openings import Openings

SPREAD = timedelta(minutes=10)  # every pharmacy has its own place within it, the same every day
LOOKS_AHEAD = timedelta(days=15)
LOOKS_AGAIN_AFTER = timedelta(days=1)  # when no opening is in sight


@dataclass(frozen=True)
class NextTurn:
    """When to act (UTC), and for which opening. No opening: only look again."""

    due_at: datetime
    opening_at: datetime | None


def next_turn(openings: Openings, minutes: int, pharmacy: int, after: datetime) -> NextTurn:
    """The turn for the first opening later than `after` (UTC), at the end of a closure of any kind, a pause too.

    Due `minutes` (elapsed, whatever the wall clock does) before the opening, and up to SPREAD sooner. That may be before
    `after`, when the choice is made shortly before an opening: the turn is due at once.
    """
    coming = (stretch.start for stretch in openings.stretches(after, after + LOOKS_AHEAD) if stretch.start > after)
    opening = next(coming, None)
    if opening is None:
        return NextTurn(after + LOOKS_AGAIN_AFTER, None)
    return NextTurn(opening - timedelta(minutes=minutes) - sooner(pharmacy), opening)


def sooner(pharmacy: int) -> timedelta:
    """The place of this pharmacy (key) within SPREAD, in whole seconds."""
    number = int.from_bytes(sha256(str(pharmacy).encode()).digest()[:8])
    return timedelta(seconds=number % int(SPREAD.total_seconds()))
