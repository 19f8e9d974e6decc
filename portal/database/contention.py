"""A database that says «not now»: others hold the rows, or hold them in another order. What is tried again, and how often.

A deadlock (40P01), a serialization failure (40001) and a row that was held for too long (55P03, SQLite's «database is
locked») end the transaction and leave nothing of it: the same act may be done again. The edges do so (the middleware of the
pages, the web service, the gate, the tasks), so that the rule stands here once.
"""

import logging
import sqlite3
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from django.db import DatabaseError, connection

T = TypeVar("T")
TRIES = 3
# Seconds after the first try began. Whoever has waited for a lock as long as PAGE_LOCK_TIMEOUT has waited enough; a deadlock
# is found after one second (deadlock_timeout).
TRIED_AGAIN_FOR = 5.0
RETRY_AFTER = 5  # seconds that a caller had better wait before it asks again
_PASSING = frozenset({"40001", "40P01", "55P03"})  # PostgreSQL, appendix A of its manual
_CUT = "57014"  # statement_timeout: it would take as long again
_GIVEN_UP = "was_tried_again"  # on the error
_READS = ("select", "begin", "savepoint", "release", "rollback", "set", "show", "explain", "pragma")

log = logging.getLogger(__name__)


def may_pass(error: BaseException) -> bool:
    """True for an error of the database that the same act, done again, may not meet."""
    return any(_state(each) in _PASSING or _is_locked_sqlite(each) for each in (error, error.__cause__))


def is_busy(error: BaseException) -> bool:
    """True when the database is at work and said no for now: what may_pass(), and a statement that took too long."""
    return may_pass(error) or any(_state(each) == _CUT for each in (error, error.__cause__))


def tried_again(act: Callable[[], T], restore: Callable[[], object] = lambda: None) -> T:
    """`act()`; again at most twice when the database lets it fail for a reason that may pass. `restore()` goes before each.

    Never after something was committed: done again, that would be done twice. `act` takes its instant from outside, so that
    every try has the same clock. What an act within gave up is not tried again around it. Raises what the last try raised.
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
                log.info("The database let an act fail that may pass (%s): it is tried again.", type(error).__name__)
        restore()
    raise AssertionError("the last try returns or raises")


class _Commits:
    """Watches the statements of this thread: was anything written that a rollback no longer takes back?"""

    def __init__(self) -> None:
        self._happened = False

    def __enter__(self) -> "_Commits":
        connection.execute_wrappers.append(self._watch)
        return self

    def __exit__(self, *exc: object) -> None:
        connection.execute_wrappers.remove(self._watch)

    def happened(self) -> bool:
        """True also for a write that waits for the commit of a transaction around the act."""
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
