"""Exponential back-off with jitter, for letters, recipient domains and other work that waits for a server."""

from datetime import datetime, timedelta
from random import uniform

FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=10)  # after the first failure, and at most
SHORTEST = timedelta(seconds=10)
_JITTER = 0.2


def growing(attempts: int, first: timedelta = FIRST, longest: timedelta = LONGEST) -> timedelta:
    """30 s, 1 min, 2 min … 10 min after this many attempts: quick enough to pass greylisting within the life of a code."""
    doublings = max(0, min(attempts - 1, 10))
    return min(first * (1 << doublings), longest)


def jittered(pause: timedelta) -> timedelta:
    """The pause ±20 %, so that work that failed together is not retried together."""
    return pause * uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  jitter, not a secret


def next_attempt_at(now: datetime, pause: timedelta, give_up_at: datetime) -> datetime:
    """The instant of the next try (UTC): after the pause, or halfway to `give_up_at` if that is sooner; 10 seconds at least."""
    return now + max(SHORTEST, min(jittered(pause), (give_up_at - now) / 2))
