"""Records the row locks of every transaction of ours on PostgreSQL, and reports those out of the order of docs/architecture.md.

Two transactions that take the same locks in two orders wait for each other when the moment is right, which a test hardly ever
meets. That a transaction takes them in the wrong order shows at every run.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created
from psycopg.pq import TransactionStatus

# Never an earlier one while a later one is held; of one table, several rows by key.
ORDER = (
    "identity_user",
    "identity_stafftotp",
    "identity_staffpasskey",
    "identity_staffrecoverycode",
    "identity_staffsession",
    "identity_personsession",
    "identity_staffmailbox",
    "identity_registeredprovider",
    "pharmacy_sessions_bulkitem",
    "pharmacies_pharmacy",
    "pharmacies_office",
    "pharmacies_mailcertification",
    "pharmacy_sessions_calendarlink",
    "pharmacy_sessions_semaforolink",
    "pharmacy_sessions_webhook",
    "pharmacy_sessions_webhookcall",
    "pharmacies_utenza",
    "pharmacies_copymailbox",
    "pharmacy_sessions_remindersettings",
    "pharmacy_sessions_readyatopening",
    "pharmacy_sessions_idsessione",
    "pharmacy_sessions_reminder",
    "outbox_outgoingmail",
    "outbox_deadmailbox",
    "outbox_maildomain",
    "pharmacy_sessions_context",
    "pharmacies_registersource",
)
RANK = {table: rank for rank, table in enumerate(ORDER)}
# Many at once in any order: certifications are changed under their pharmacy only, and a worker that holds steps of a job waits
# for no other step.
IN_ANY_ORDER = {"pharmacies_mailcertification", "pharmacy_sessions_bulkitem"}
# Locked FOR UPDATE on purpose: a new id, whose foreign key names the row, must wait.
STOPS_FOREIGN_KEYS = {"pharmacy_sessions_context"}
_CHANGE = re.compile(r'\s*(?:update|delete\s+from)\s+"?(\w+)"?', re.IGNORECASE)
_INSERT = re.compile(r'\s*insert\s+into\s+"?(\w+)"?', re.IGNORECASE)
_HELD = re.compile(r'\bfor\s+(no\s+key\s+)?update(?:\s+of\s+"?(\w+)"?)?(\s+skip\s+locked)?', re.IGNORECASE)
_FROM = re.compile(r'\bfrom\s+"?(\w+)"?', re.IGNORECASE)
_BETWEEN = ("/claims.py", "/composed.py", "/contention.py", "/models/pharmacy.py", "/models/utenza.py", "/clock.py")


class LockOrder:
    """An execute wrapper: the locks of one connection, from BEGIN to the end of each transaction of ours."""

    def __init__(self, found: list[str]) -> None:
        self._found = found
        self._savepoint: str | None = None
        self._held: dict[str, set[int]] = defaultdict(set)
        self._own: dict[str, set[int]] = defaultdict(set)  # inserted: nobody else sees them yet

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        self._begin()  # any statement: the first one of a transaction may lock nothing
        text = str(sql)
        change, insert, lock = _CHANGE.match(text), _INSERT.match(text), _HELD.search(text)
        table = (change or insert or _FROM.search(text) or [None, None])[1] if change or insert or lock else None
        if table not in RANK or many:
            return execute(sql, params, many, context)
        if change and "returning" not in text.lower():
            sql = f"{text} returning id"
        result = execute(sql, params, many, context)
        keys = _keys(context["cursor"].cursor)
        if insert:
            self._own[table].update(keys)
        elif change:
            self._take(table, keys, "changes", in_order=bool(lock) or table in IN_ANY_ORDER)
        elif lock:
            self._take(table, keys, "locks", in_order=keys == sorted(keys), waits=not lock[3])
            if not lock[1] and table not in STOPS_FOREIGN_KEYS:
                self._say(f"locks {table} FOR UPDATE, which stops foreign keys that others write: NO KEY")
        return result

    def _begin(self) -> None:
        """Clears the locks of the previous transaction when this statement is the first of a new one."""
        around = sum(block._from_testcase for block in connection.atomic_blocks)
        if len(connection.atomic_blocks) == around:
            is_new, self._savepoint = True, None
        elif around:  # inside a test, a transaction of ours is a savepoint of the test's
            savepoint = connection.savepoint_ids[around - 1]
            is_new, self._savepoint = savepoint != self._savepoint, savepoint
        else:
            is_new = connection.connection.info.transaction_status == TransactionStatus.IDLE
        if is_new:
            self._held.clear()
            self._own.clear()

    def _take(self, table: str, keys: list[int], verb: str, *, in_order: bool, waits: bool = True) -> None:
        new = set(keys) - self._held[table] - self._own[table]
        if new and waits:
            later = [held for held, rows in self._held.items() if rows and RANK[held] > RANK[table]]
            if later:
                self._say(f"{verb} {table} while it holds {', '.join(sorted(later))}")
            if len(new) > 1 and not in_order:
                self._say(f"{verb} {len(new)} rows of {table} in no order")
        self._held[table] |= new

    def _say(self, what: str) -> None:
        where = _where()
        if where is not None:
            self._found.append(f"{where} {what}")


def _keys(cursor: Any) -> list[int]:
    """The keys of the rows found by the statement; leaves the cursor's result readable for the caller."""
    answer = cursor.pgresult
    if answer is None:
        return []
    columns = [column for column in range(answer.nfields) if answer.fname(column) in (b"id", b"pk")]
    if not columns or answer.fformat(columns[0]) != 0:
        return []
    return [int(answer.get_value(row, columns[0])) for row in range(answer.ntuples)]


def _where() -> str | None:
    """Our functions on the call stack, innermost first; None when the test itself ran the statement."""
    frame, path = sys._getframe(1), []
    while frame is not None and len(path) < 3:
        name, function = frame.f_code.co_filename, frame.f_code.co_name
        if "/tests/" in name and "lock_order" not in name:
            break
        ours = any(f"/{folder}/" in name for folder in ("portal", "pharmacies", "sessions"))
        if ours and "/site-packages/" not in name and not name.endswith(_BETWEEN):
            path.append(f"{name.rpartition('/')[2]}:{frame.f_lineno} {function}")
        frame = frame.f_back
    return " < ".join(path) or None


@contextmanager
def watched() -> Iterator[list[str]]:
    """Faults in the lock order of this thread, and of threads that connect during the block."""
    found: list[str] = []
    if connection.vendor != "postgresql":  # SQLite locks the whole database at once
        yield found
        return

    def watch(connection: Any, **kwargs: Any) -> None:
        if not any(isinstance(wrapper, LockOrder) for wrapper in connection.execute_wrappers):
            connection.execute_wrappers.append(LockOrder(found))

    ours = LockOrder(found)
    connection.execute_wrappers.append(ours)
    connection_created.connect(watch)
    try:
        yield found
    finally:
        connection_created.disconnect(watch)
        for wrapper in [wrapper for wrapper in connection.execute_wrappers if isinstance(wrapper, LockOrder)]:
            connection.execute_wrappers.remove(wrapper)
