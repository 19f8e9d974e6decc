"""Runs two acts with a chosen interleaving: the first stops before one of its statements while the second runs. PostgreSQL only.

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

PATIENCE = 20  # seconds; a longer wait means that the test hangs
NO_STATEMENTS = ("SAVEPOINT", "RELEASE")  # to stop before these is to stop before the statement that follows
_CHANGES = re.compile(r"\s*(insert|update|delete)\b|\bfor (no key )?update\b", re.IGNORECASE)


@dataclass
class Ended:
    """The result of one act: its value, or the exception that reached the caller."""

    value: Any = None
    error: BaseException | None = None

    @property
    def was_deadlocked(self) -> bool:
        cause = self.error.__cause__ if self.error is not None else None
        return isinstance(cause, psycopg.errors.DeadlockDetected)


@dataclass
class Interleaving:
    """The results of two acts, and whether the first reached the statement where it should stop."""

    first: Ended
    second: Ended
    stopped: bool
    second_waited: bool = False


class Pair:
    """Two threads with their connections. A context manager: it closes the connections."""

    def __enter__(self) -> "Pair":
        self._pools = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]
        self._pids = [pool.submit(_prepared).result() for pool in self._pools]
        return self

    def __exit__(self, *exc: object) -> None:
        for pool in self._pools:
            pool.submit(connections.close_all).result()
            pool.shutdown()

    def run(self, first: Callable[[], object], second: Callable[[], object], stop_before: int) -> Interleaving:
        """Runs `first` up to stop number `stop_before` (from 1; see _Stop), then `second` until it is done or waits for `first`, then both
        to their end.
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
    """An execute wrapper that stops its thread once: before its first statement, before a statement that changes or locks something, or
    after one. A stop between two reads would make no difference to the other act.
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
    """This thread's connection, set to detect deadlocks at once, and its backend's pid."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        try:
            cursor.execute("set deadlock_timeout = '20ms'")
        except Error:  # needs a superuser: otherwise each deadlock takes a second
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
