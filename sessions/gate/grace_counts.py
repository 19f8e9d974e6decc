"""Counts the calls that passed without a valid id before the date of their context: in memory, written in batches.

As sessions/gate/uses.py, whose thread writes these too. They are statistics: no rule depends on them.
"""

from collections import Counter
from datetime import date
from threading import Lock

from django.db import Error, connection, transaction

Key = tuple[int, int, date]  # utenza, context, Italian day
BATCH = 500
# By hand: the ORM cannot add to a row in a conflict.
_ADD = """
insert into pharmacy_sessions_gracecalls (utenza_id, context_id, day, calls) values (%s, %s, %s, %s)
on conflict (utenza_id, context_id, day) do update set calls = pharmacy_sessions_gracecalls.calls + excluded.calls
"""
_lock = Lock()
_pending: Counter[Key] = Counter()


def count(utenza: int, context: int, day: date) -> None:
    """Counts one call."""
    with _lock:
        _pending[utenza, context, day] += 1


def forget() -> None:
    """Drops the counts that this process has not yet written."""
    _take()


def write_down() -> int:
    """Writes the counts of this process; returns the number of rows. Keeps for the next time what could not be written.

    Raises django.db.Error when the database fails.
    """
    pending = sorted(_take().items())  # always in one order: no deadlock
    written = 0
    while pending:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany(_ADD, [(*key, calls) for key, calls in pending[:BATCH]])
        except Error:
            with _lock:
                _pending.update(dict(pending))
            raise
        written += len(pending[:BATCH])
        pending = pending[BATCH:]
    return written


def _take() -> Counter[Key]:
    with _lock:
        taken = _pending.copy()
        _pending.clear()
    return taken
