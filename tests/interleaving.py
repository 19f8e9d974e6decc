"""Two acts at once, with the moment chosen: the first stops before one of its statements while the second runs. PostgreSQL only.

Each act has a thread and a connection that stay: many interleavings cost no more than their statements.
"""

import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Any

import psycopg
from django.db import Error, connection, connections

PATIENCE = 20  # seconds; beyond, the test is what hangs
NO_STATEMENTS = ("SAVEPOINT", "RELEASE")  # stopping before these is stopping before the statement that follows
_CHANGES = re.compile(r"\s*(insert|update|delete)\b|\bfor (no key )?update\b", re.IGNORECASE)


@dataclass
class Ended:
    """What became of one act: its value, or the exception that reached the caller."""

    value: Any = None
    error: BaseException | None = None

    @property
    def was_deadlocked(self) -> bool:
        cause = self.error.__cause__ if self.error is not None else None
        return isinstance(cause, psycopg.errors.DeadlockDetected)


@dataclass
class Interleaving:
    """What became of two acts, and whether the first has so many statements that it was stopped at all."""

    first: Ended
    second: Ended
    stopped: bool
    second_waited: bool = False


class Pair:
    """Two threads. Use as a context: it closes their connections."""

    def __enter__(self) -> "Pair":
        self._pools = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]
        self._pids = [pool.submit(_prepared).result() for pool in self._pools]
        return self

    def __exit__(self, *exc: object) -> None:
        for pool in self._pools:
            pool.submit(connections.close_all).result()
            pool.shutdown()

    def run(self, first: Callable[[], object], second: Callable[[], object], stop_before: int) -> Interleaving:
        """`first` up to the place number `stop_before` (from 1; see _Stop), then `second` until it is done or waits for `first`,
        then both to their end.
        """
        stop = _Stop(stop_before)
        one = self._pools[0].submit(_run, first, stop)
        stop.reached.wait(PATIENCE)
        two = self._pools[1].submit(_run, second, None)
        waited = self._until_done_or_blocked(two, one)
        stop.go_on.set()
        return Interleaving(one.result(PATIENCE), two.result(PATIENCE), stop.was_reached, waited)

    def _until_done_or_blocked(self, second: "Future[Ended]", first: "Future[Ended]") -> bool:
        end = monotonic() + PATIENCE
        with connection.cursor() as cursor:
            while not (second.done() or first.done()):
                cursor.execute("select pg_blocking_pids(%s)", [self._pids[1]])
                if self._pids[0] in cursor.fetchone()[0]:
                    return True
                assert monotonic() < end, "the second act neither ends nor waits for the first"
                Event().wait(0.001)
        return False


class _Stop:
    """An execute wrapper that stops its thread once: before its first statement, or one that changes or locks something, or one
    that comes after such a one. Between two that only read nobody can tell where it stands.
    """

    def __init__(self, before: int) -> None:
        self.before, self.seen, self._matters = before, 0, True
        self.reached, self.go_on = Event(), Event()
        self.was_reached = False

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not str(sql).startswith(NO_STATEMENTS):
            changes = _CHANGES.search(str(sql)) is not None
            self.seen += changes or self._matters
            stands_here, self._matters = changes or self._matters, changes
            if stands_here and self.seen == self.before:
                self.was_reached = True
                self.reached.set()
                assert self.go_on.wait(PATIENCE), "nobody let the first act go on"
        return execute(sql, params, many, context)


def _prepared() -> int:
    """The connection of this thread, which finds out about a deadlock at once; its process on the server."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        try:
            cursor.execute("set deadlock_timeout = '20ms'")
        except Error:  # not a superuser: a second each
            connection.close()
            connection.ensure_connection()
    return int(connection.connection.info.backend_pid)


def _run(act: Callable[[], object], stop: _Stop | None) -> Ended:
    if stop is not None:
        connection.execute_wrappers.append(stop)
    try:
        return Ended(value=act())
    except BaseException as error:
        return Ended(error=error)
    finally:
        if stop is not None:
            connection.execute_wrappers.remove(stop)
            stop.reached.set()
