"""The lock that allows one import of a kind at a time, on all machines. It ends with its transaction, or with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction


class Import(IntEnum):
    """The kinds of import, each with its PostgreSQL advisory lock: a number that nothing else in the portal uses."""

    REGISTER = 0x0FA2_3AC1
    OFFICES = 0x0FA2_3AC2
    UTENZE = 0x0FA2_3AC3
    CERTIFIED = 0x0FA2_3AC4
    ASL = 0x0FA2_3AC5
    DUTIES = 0x0FA2_3AC6


class ImportUnderWay(Exception):
    """Another import of the same kind is running: this one changed nothing."""


@contextmanager
def alone_with(kind: Import) -> Iterator[None]:
    """Opens a transaction and holds the lock of this kind of import in it. Raises ImportUnderWay at once when it is taken.

    An import and an approval of what it proposed take the same lock, so they never run together.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                _take(cursor, kind)
            yield
        return
    # SQLite has no advisory lock, and a second transaction would wait for the first instead of failing
    with _alone_by_file(kind), transaction.atomic():
        yield


@contextmanager
def alone_throughout(kind: Import) -> Iterator[None]:
    """As alone_with, for an import of many transactions: holds the lock until the block or the process ends.

    A second connection holds the lock, in one transaction: behind a pooler in transaction mode, a lock of the session would stay
    with a connection that the next transaction does not get.
    """
    if connection.vendor != "postgresql":
        with _alone_by_file(kind):
            yield
        return
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("set local idle_in_transaction_session_timeout = 0")
            _take(cursor, kind)
        yield
    finally:
        holder.close()  # ends the transaction, and with it the lock


def _take(cursor: Any, kind: Import) -> None:
    cursor.execute("select pg_try_advisory_xact_lock(%s)", [kind.value])
    if not cursor.fetchone()[0]:
        raise ImportUnderWay


@contextmanager
def _alone_by_file(kind: Import) -> Iterator[None]:
    with _lock_file(kind).open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ImportUnderWay from error
        yield


def _lock_file(kind: Import) -> Path:
    """Returns the lock file of this database; a database in memory belongs to one process."""
    name = str(connection.settings_dict["NAME"])
    if connection.is_in_memory_db():  # type: ignore[attr-defined]
        name += f" of {os.getpid()}"
    path: Path = settings.VAR_DIR / f"{kind.name.lower()}-{sha256(name.encode()).hexdigest()[:16]}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
