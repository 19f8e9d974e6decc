"""Retries a transaction that the database ended because of other transactions.

A deadlock (40P01), a serialization failure (40001) and a lock timeout (55P03, SQLite's «database is locked») roll the
transaction back, so the same act may run again. The edges retry (the middleware of the pages, the web service, the gate, the
tasks); this module holds the rule for all of them.
"""

import logging
import sqlite3
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from django.db import DatabaseError, connection

T = TypeVar("T")
TRIES = 3
# Seconds after the start of the first try. A request that waited for a lock as long as PAGE_LOCK_TIMEOUT has waited enough;
# PostgreSQL finds a deadlock after one second (deadlock_timeout).
TRIED_AGAIN_FOR = 5.0
RETRY_AFTER = 5  # seconds, for the header of the same name
_PASSING = frozenset({"40001", "40P01", "55P03"})  # PostgreSQL, appendix A of its manual
_CUT = "57014"  # statement_timeout: a retry would take as long again
_GIVEN_UP = "was_tried_again"  # attribute of the error: an inner call has used up its tries
_READS = ("select", "begin", "savepoint", "release", "rollback", "set", "show", "explain", "pragma")

log = logging.getLogger(__name__)


def may_pass(error: BaseException) -> bool:
    """True for a transient error of the database: a retry of the same act may succeed."""
    return any(_state(cause) in _PASSING or _is_locked_sqlite(cause) for cause in (error, error.__cause__))


def is_busy(error: BaseException) -> bool:
    """True when the database is overloaded: the errors of may_pass(), and a statement that ran into its timeout."""
    return may_pass(error) or any(_state(cause) == _CUT for cause in (error, error.__cause__))


def tried_again(act: Callable[[], T], restore: Callable[[], object] = lambda: None) -> T:
    """Calls `act()`, and retries it at most twice after a transient error of the database. Calls `restore()` before each retry.

    Does not retry once something was committed, which a retry would do twice. `act` takes its instant from the caller, so that
    every try has the same clock. An error that an inner tried_again() gave up on is not retried. Raises the error of the last
    try.
    """
    started = monotonic()
    for left in range(TRIES - 1, -1, -1):
        with _Commits() as commits:
            try:
                return act()
            except DatabaseError as error:
                over = commits.happened() or monotonic() - started > TRIED_AGAIN_FOR
                if not left or over or getattr(error, _GIVEN_UP, False) or not may_pass(error):
                    setattr(error, _GIVEN_UP, True)
                    raise
                log.info("A transient database error (%s): the act is tried again.", type(error).__name__)
        restore()
    raise AssertionError("the last try returns or raises")


class _Commits:
    """Watches the statements of this thread for a write that a rollback can no longer undo."""

    def __init__(self) -> None:
        self._happened = False

    def __enter__(self) -> "_Commits":
        connection.execute_wrappers.append(self._watch)
        return self

    def __exit__(self, *exc: object) -> None:
        connection.execute_wrappers.remove(self._watch)

    def happened(self) -> bool:
        """True after a committed write, and after a write that waits for the commit of a transaction around the act."""
        return self._happened or any(function == self._mark for _, function, *_ in connection.run_on_commit)

    def _watch(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if not self._happened and not str(sql).lstrip().lower().startswith(_READS):
            if not connection.in_atomic_block:
                self._happened = True
            elif not self.happened():
                connection.on_commit(self._mark)  # forgotten with its savepoint, if that is rolled back
        return result

    def _mark(self) -> None:
        self._happened = True


def _state(error: BaseException | None) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def _is_locked_sqlite(error: BaseException | None) -> bool:
    name = str(getattr(error, "sqlite_errorname", "")) if isinstance(error, sqlite3.Error) else ""
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
