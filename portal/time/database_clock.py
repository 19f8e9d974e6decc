"""Measures how far the clock of this machine is from the database's, the only clock that all processes share.

A process measures on demand, at most every 10 seconds. More than 5 seconds away it logs a warning and corrects its instants;
more than a minute away it issues no id, settles no reminder and does no background work: its wrong instants could not be
undone, and other processes do the work.

In the demonstration and in a test environment people move the clock forward (portal/time/moved.py). now() is the portal's time, which
the move changes; real_now() is the time of the world outside, which it does not (docs/architecture.md, "Two times").
"""

import logging
import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error, connection
from django.utils import timezone
from django.utils.module_loading import import_string

from portal import measures
from portal.time.moved import moved, moves

CORRECTED_FROM = timedelta(seconds=5)
REFUSED_FROM = timedelta(seconds=60)
MEASURED_EVERY = 10.0  # seconds
_1970 = 2440587.5  # as a Julian day

log = logging.getLogger(__name__)
_kept: tuple[str, float, timedelta] | None = None  # the last measure: DATABASE_CLOCK, monotonic seconds, offset


def offset() -> timedelta:
    """How far this machine is ahead of the database (negative: behind), at most 10 seconds old. Raises django.db.Error."""
    kept = _kept
    if kept is None or kept[0] != settings.DATABASE_CLOCK or not 0 <= monotonic() - kept[1] < MEASURED_EVERY:
        return _measure()
    return kept[2]


def is_away() -> bool:
    """True when the offset is large enough to log and to correct. Raises django.db.Error."""
    return abs(offset()) > CORRECTED_FROM


def is_astray() -> bool:
    """True when the offset is too large for this machine to work. Raises django.db.Error."""
    return abs(offset()) > REFUSED_FROM


def now() -> datetime:
    """The portal's time (UTC): real_now(), and what people moved it forward by. Raises nothing."""
    return real_now() + moved()


def real_of(now: datetime) -> datetime:
    """The real time (UTC) of an instant of the portal's time: what a lease and the validity of a certificate are counted in.

    `now` may be from before a move that this process has read since: the subtracted move is whichever known one brings `now`
    nearest to the present.
    """
    real = real_now()
    return min((now - by for by in moves()), key=lambda at: abs(at - real))


def real_now() -> datetime:
    """The real time (UTC), corrected by the offset when is_away(): for sessions of people, certificates, other machines. Raises nothing."""
    try:
        ahead = offset()
    except Error:
        ahead = _keep(_kept[2] if _kept is not None and _kept[0] == settings.DATABASE_CLOCK else timedelta(0))
    return timezone.now() - ahead if abs(ahead) > CORRECTED_FROM else timezone.now()


def now_to_write() -> datetime:
    """As now(), for a command that writes.

    Raises CommandError (exit code 75, EX_TEMPFAIL) when this machine is_astray(), django.db.Error when the database is away.
    """
    return real_now_to_write() + moved()


def real_now_to_write() -> datetime:
    """As now_to_write(), the real time: for what keeps to it (portal/identity)."""
    if is_astray():
        raise CommandError(f"The clock of this machine is {in_words()}: nothing was done.", returncode=os.EX_TEMPFAIL)
    return real_now()


def in_words() -> str:
    """`12 s ahead of the database's clock`."""
    seconds = offset().total_seconds()
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} the database's clock"


def of_the_database() -> timedelta:
    """Measures the offset from the database: the default of DATABASE_CLOCK. SQLite uses the clock of this machine: zero."""
    if connection.vendor != "postgresql":
        return timedelta(0)
    started = monotonic()
    with connection.cursor() as cursor:
        cursor.execute("select extract(epoch from clock_timestamp())::float8")
        (database,) = cursor.fetchone()
    machine, took = machine_clock(), monotonic() - started
    return apart(machine, database, took)


def apart(machine: float, database: float, took: float) -> timedelta:
    """The smallest offset between two clocks (seconds since 1970) that fits the measure.

    `database` was read at some moment of the `took` seconds before `machine`.
    """
    least, most = machine - database - took, machine - database
    return timedelta(seconds=least if least > 0 else min(most, 0))


def machine_clock() -> float:
    """Seconds since 1970 from the operating system, through SQLite: a simulated day and tests replace Python's clock."""
    with closing(sqlite3.connect(":memory:")) as line:
        return (float(line.execute("select julianday('now')").fetchone()[0]) - _1970) * 86_400


def _measure() -> timedelta:
    found = _keep(import_string(settings.DATABASE_CLOCK)())
    measures.CLOCK.set(found.total_seconds())
    if abs(found) > REFUSED_FROM:
        log.error("The clock of this machine is %s: no id is issued here and no background work is done.", in_words())
    elif abs(found) > CORRECTED_FROM:
        log.warning("The clock of this machine is %s.", in_words())
    return found


def _keep(found: timedelta) -> timedelta:
    """Caches the offset for MEASURED_EVERY seconds, also after a failed measure: pages must not wait for a database that is away."""
    global _kept  # noqa: PLW0603  one clock in a process
    _kept = (settings.DATABASE_CLOCK, monotonic(), found)
    return found
