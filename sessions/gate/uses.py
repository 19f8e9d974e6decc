"""How often each id was used: counted in memory, written down in batches, never in the way of a call.

Every process adds up its own and a thread of its own writes them down every 10 seconds and at the end; a process that is
killed loses the last 10 seconds of counts. They are statistics: no rule asks about them.
"""

import atexit
import logging
import os
from datetime import datetime, timedelta
from threading import Event, Lock, Thread

from django.db import Error, connection, transaction

EVERY = timedelta(seconds=10)
BATCH = 500  # ids in one transaction
# By hand, because ten thousand ids a round would cost the ORM seconds. A row that somebody holds (a first use, a revocation)
# is left for the next round: waiting for it could deadlock.
_ADD = """
with free as (
    select id from pharmacy_sessions_idsessione where id = any(%s::bigint[]) for no key update skip locked
), counted as (
    select * from unnest(%s::bigint[], %s::integer[], %s::timestamptz[]) as counted(id, times, last)
)
update pharmacy_sessions_idsessione i set uses = i.uses + c.times, last_used_at = greatest(i.last_used_at, c.last)
from counted c join free on free.id = c.id where i.id = c.id returning i.id
"""
_ADD_SQLITE = """
update pharmacy_sessions_idsessione
set uses = uses + %s, last_used_at = max(coalesce(last_used_at, ''), %s) where id = %s
"""
Batch = list[tuple[int, tuple[int, datetime]]]
logger = logging.getLogger(__name__)


class Counts:
    """Uses not yet written down: id (key) → how many, the last instant (UTC)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: dict[int, tuple[int, datetime]] = {}

    def add(self, pk: int, now: datetime, times: int = 1) -> None:
        with self._lock:
            before, last = self._pending.get(pk, (0, now))
            self._pending[pk] = (before + times, max(last, now))

    def take(self) -> dict[int, tuple[int, datetime]]:
        """All of them; they are the caller's now."""
        with self._lock:
            taken, self._pending = self._pending, {}
        return taken


_counts = Counts()
_flusher_of: int | None = None  # the process that has its thread: a fork has the variable, not the thread
_starting = Lock()


def count(pk: int, now: datetime) -> None:
    """The id passed the gate."""
    _counts.add(pk, now)


def forget() -> None:
    """Drops what was counted and not yet written down in this process."""
    _counts.take()


def write_down() -> int:
    """Writes what was counted in this process so far; returns for how many ids. What cannot be written now stays for the next time."""
    pending = sorted(_counts.take().items())
    written = 0
    while pending:
        batch, pending = pending[:BATCH], pending[BATCH:]
        try:
            left = _write(batch)
        except Error:  # InterfaceError too: a connection that is gone
            for pk, (times, last) in [*batch, *pending]:
                _counts.add(pk, last, times)
            raise
        for pk, (times, last) in left:
            _counts.add(pk, last, times)
        written += len(batch) - len(left)
    return written


def _write(batch: Batch) -> Batch:
    """One transaction; returns those that somebody holds."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor != "postgresql":  # the transaction holds the whole database
            stored = connection.ops.adapt_datetimefield_value
            cursor.executemany(_ADD_SQLITE, [(times, stored(last), pk) for pk, (times, last) in batch])
            return []
        keys = [pk for pk, _ in batch]
        cursor.execute(_ADD, [keys, keys, [times for _, (times, _) in batch], [last for _, (_, last) in batch]])
        written = {pk for (pk,) in cursor.fetchall()}
    return [one for one in batch if one[0] not in written]


def keep_writing() -> None:
    """Starts the thread of this process, once. Called by the door, so that tests and commands have none."""
    global _flusher_of  # noqa: PLW0603  one per process
    if _flusher_of == os.getpid():
        return
    with _starting:
        if _flusher_of == os.getpid():
            return
        _flusher_of = os.getpid()
        Thread(target=_run, name="uses", daemon=True).start()
        atexit.register(_write_quietly)


def _run() -> None:
    pause = Event()
    while not pause.wait(EVERY.total_seconds()):
        _write_quietly()


def _write_quietly() -> None:
    try:
        write_down()
    except Exception:
        logger.exception("The uses of the ids could not be written down; they wait for the next round.")
    finally:
        connection.close()
