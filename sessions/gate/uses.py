"""Counts how often each id was used: in memory, written to the database in batches, so that no call waits.

Every process counts for itself; a thread writes its counts every 10 seconds and when the process exits. A process that is
killed loses the counts of the last 10 seconds. They are statistics: no rule depends on them.
"""

import atexit
import logging
import os
from datetime import datetime, timedelta
from threading import Event, Lock, Thread

from django.db import Error, connection, transaction

from sessions.gate import grace_counts

EVERY = timedelta(seconds=10)
BATCH = 500  # ids in one transaction
# By hand: the ORM would take seconds for the ten thousand ids of a round. A row that another transaction has locked (a first
# use, a revocation) is left for the next round: waiting for it could deadlock.
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


class PendingUses:
    """Uses not yet written: primary key of the id → number of uses, instant of the last one (UTC)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: dict[int, tuple[int, datetime]] = {}

    def add(self, pk: int, now: datetime, times: int = 1) -> None:
        with self._lock:
            before, last = self._pending.get(pk, (0, now))
            self._pending[pk] = (before + times, max(last, now))

    def take(self) -> dict[int, tuple[int, datetime]]:
        """Returns all uses and forgets them."""
        with self._lock:
            taken, self._pending = self._pending, {}
        return taken


_pending_uses = PendingUses()
_flusher_of: int | None = None  # pid of the process that started the thread: a fork copies the variable, not the thread
_starting = Lock()


def count(pk: int, now: datetime) -> None:
    """Counts one use: the id passed the gate."""
    _pending_uses.add(pk, now)


def forget() -> None:
    """Drops the uses that this process has not yet written."""
    _pending_uses.take()


def write_down() -> int:
    """Writes the uses of this process; returns for how many ids. Keeps for the next time what could not be written.

    Raises django.db.Error when the database fails.
    """
    pending = sorted(_pending_uses.take().items())
    written = 0
    while pending:
        batch, pending = pending[:BATCH], pending[BATCH:]
        try:
            left = _write(batch)
        except Error:  # InterfaceError too: the connection is gone
            for pk, (times, last) in [*batch, *pending]:
                _pending_uses.add(pk, last, times)
            raise
        for pk, (times, last) in left:
            _pending_uses.add(pk, last, times)
        written += len(batch) - len(left)
    return written


def _write(batch: Batch) -> Batch:
    """Writes a batch in one transaction; returns the rows that other transactions have locked."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor != "postgresql":  # SQLite: the transaction locks the whole database
            stored = connection.ops.adapt_datetimefield_value
            cursor.executemany(_ADD_SQLITE, [(times, stored(last), pk) for pk, (times, last) in batch])
            return []
        keys = [pk for pk, _ in batch]
        cursor.execute(_ADD, [keys, keys, [times for _, (times, _) in batch], [last for _, (_, last) in batch]])
        written = {pk for (pk,) in cursor.fetchall()}
    return [(pk, used) for pk, used in batch if pk not in written]


def keep_writing() -> None:
    """Starts the thread of this process, once. `GateInFront` calls it, so tests and commands have no thread."""
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
        grace_counts.write_down()
    except Exception:
        logger.exception("The counts of the gate could not be written down; they wait for the next round.")
    finally:
        connection.close()
