"""How far the clock of this machine is from the database's, which decides: it is the only one that all processes share.

Measured at most every 10 seconds in a process, when somebody asks. A process that is 5 seconds away says so and corrects
itself; one that is a minute away issues no id, settles no reminder and does no background work: what it wrote could not be
taken back, and any other process does it.
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

SAID_FROM = timedelta(seconds=5)
REFUSED_FROM = timedelta(seconds=60)
MEASURED_EVERY = 10.0  # seconds
_1970 = 2440587.5  # as a Julian day

log = logging.getLogger(__name__)
_kept: tuple[str, float, timedelta] | None = None  # who measured, when (monotonic seconds), what


def offset() -> timedelta:
    """How far this machine is ahead of the database (negative: behind), some seconds ago at most. Raises django.db.Error."""
    kept = _kept
    if kept is None or kept[0] != settings.DATABASE_CLOCK or not 0 <= monotonic() - kept[1] < MEASURED_EVERY:
        return _measure()
    return kept[2]


def is_away() -> bool:
    """Far enough to say so."""
    return abs(offset()) > SAID_FROM


def is_astray() -> bool:
    """Too far to be believed."""
    return abs(offset()) > REFUSED_FROM


def now() -> datetime:
    """The instant (UTC) to work with: this process's, corrected when it is away from the database's. Raises nothing."""
    try:
        ahead = offset()
    except Error:
        ahead = _keep(_kept[2] if _kept is not None and _kept[0] == settings.DATABASE_CLOCK else timedelta(0))
    return timezone.now() - ahead if abs(ahead) > SAID_FROM else timezone.now()


def now_to_write() -> datetime:
    """As now(), for a command that writes.

    Raises CommandError (exit code 75, EX_TEMPFAIL) when this machine is astray, django.db.Error when the database is away.
    """
    if is_astray():
        raise CommandError(f"The clock of this machine is {in_words()}: nothing was done.", returncode=os.EX_TEMPFAIL)
    return now()


def in_words() -> str:
    """`12 s ahead of the database's clock`."""
    seconds = offset().total_seconds()
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} the database's clock"


def of_the_database() -> timedelta:
    """Asks it: what DATABASE_CLOCK names. The embedded database has no clock but this machine's."""
    if connection.vendor != "postgresql":
        return timedelta(0)
    asked = monotonic()
    with connection.cursor() as cursor:
        cursor.execute("select extract(epoch from clock_timestamp())::float8")
        (theirs,) = cursor.fetchone()
    ours, took = machine_clock(), monotonic() - asked
    return apart(ours, theirs, took)


def apart(ours: float, theirs: float, took: float) -> timedelta:
    """Between two clocks (seconds since 1970), theirs read at some moment of the `took` seconds before ours."""
    least, most = ours - theirs - took, ours - theirs
    return timedelta(seconds=least if least > 0 else min(most, 0))


def machine_clock() -> float:
    """Seconds since 1970, as the operating system says: a simulated day and tests move Python's clock on purpose."""
    with closing(sqlite3.connect(":memory:")) as line:
        return (float(line.execute("select julianday('now')").fetchone()[0]) - _1970) * 86_400


def _measure() -> timedelta:
    found = _keep(import_string(settings.DATABASE_CLOCK)())
    measures.CLOCK.set(found.total_seconds())
    if abs(found) > REFUSED_FROM:
        log.error("The clock of this machine is %s: no id is issued here and no background work is done.", in_words())
    elif abs(found) > SAID_FROM:
        log.warning("The clock of this machine is %s.", in_words())
    return found


def _keep(found: timedelta) -> timedelta:
    """For the next seconds, also when the database could not be asked: a page that needs none must not wait for it."""
    global _kept  # noqa: PLW0603  one clock in a process
    _kept = (settings.DATABASE_CLOCK, monotonic(), found)
    return found
