"""The lock that allows one import of a kind at a time, on all machines. It ends with its transaction, or with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction


class Import(IntEnum):
    """The kinds of import, each with its PostgreSQL advisory lock: a number that nothing else in the portal uses."""

    REGISTER = 0x0FA2_3AC1
    OFFICES = 0x0FA2_3AC2
    UTENZE = 0x0FA2_3AC3
    CERTIFIED = 0x0FA2_3AC4


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
                cursor.execute("select pg_try_advisory_xact_lock(%s)", [kind.value])
                if not cursor.fetchone()[0]:
                    raise ImportUnderWay
            yield
        return
    # SQLite has no advisory lock, and a second transaction would wait for the first instead of failing
    with _alone_by_file(kind), transaction.atomic():
        yield


@contextmanager
def alone_throughout(kind: Import) -> Iterator[None]:
    """As alone_with, for an import of many transactions: opens none, and holds the lock until the block or the process ends."""
    if connection.vendor != "postgresql":
        with _alone_by_file(kind):
            yield
        return
    if not _answer("select pg_try_advisory_lock(%s)", kind):
        raise ImportUnderWay
    try:
        yield
    finally:
        _answer("select pg_advisory_unlock(%s)", kind)


def _answer(statement: str, kind: Import) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [kind.value])
        return bool(cursor.fetchone()[0])


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
