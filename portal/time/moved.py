"""How far people moved the portal's clock forward. Always zero in production: CLOCK_MOVED is empty there, and nothing is read.

The database holds the move, so that every process follows. A process reads it at most once a second.
"""

from collections import deque
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db import Error
from django.utils.module_loading import import_string

READ_EVERY = 1.0  # seconds
MEASURED = "portal.time.database_clock.of_the_database"
NOT_MOVED = timedelta(0)

_kept: float | None = None  # the last reading, in monotonic seconds
_known: deque[timedelta] = deque(
    [NOT_MOVED], maxlen=20
)  # the different moves that this process has read, the last one at the end


def moved() -> timedelta:
    """The move, at most a second old; the last one known when the database is away. Raises nothing.

    A clock that is simulated already (DATABASE_CLOCK names another function: tests, the day of Italy) is not moved.
    """
    return moves()[-1]


def moves() -> tuple[timedelta, ...]:
    """The moves that this process has read, moved() at the end: one after the other while work goes on that began before the last."""
    global _kept  # noqa: PLW0603  one clock in a process
    if not settings.CLOCK_MOVED or settings.DATABASE_CLOCK != MEASURED:
        return (NOT_MOVED,)
    if _kept is None or not 0 <= monotonic() - _kept < READ_EVERY:
        try:
            by: timedelta = import_string(settings.CLOCK_MOVED)()
        except Error:
            by = _known[-1]
        if by != _known[-1]:
            _known.append(by)
        _kept = monotonic()
    return tuple(_known)


def forget() -> None:
    """Makes this process read the move again; it knows no other."""
    global _kept  # noqa: PLW0603
    _kept = None
    _known.clear()
    _known.append(NOT_MOVED)
