"""Runs several acts at the same instant, each on its own thread and database connection."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper


def in_parallel(acts: list[Callable[[], object]]) -> list[object]:
    """Starts all acts together and returns their results; needs `django_db(transaction=True)`."""
    together = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        together.wait(timeout=20)
        return in_its_own_connection(act)

    with _database_for_threads(), ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def in_its_own_connection(act: Callable[[], object]) -> object:
    """Runs the act in a thread; returns its result and leaves no connection open."""
    try:
        return act()
    finally:
        for one in connections.all(initialized_only=True):
            BaseDatabaseWrapper.close(one)  # SQLite's own `close` leaves an in-memory database open


@contextmanager
def _database_for_threads() -> Iterator[None]:
    """Replaces SQLite's in-memory database, where threads meet each other's locks, by a file, as in `make run`."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    memory, name = connection.connection, connection.settings_dict["NAME"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portal.sqlite3"
        _copy_out(memory, path)
        connection.settings_dict["NAME"] = path
        try:
            yield
        finally:
            connection.settings_dict["NAME"] = name
        _copy_back(path, memory)


def _copy_out(memory: sqlite3.Connection, path: Path) -> None:
    target = sqlite3.connect(path)
    memory.backup(target)
    target.close()


def _copy_back(path: Path, memory: sqlite3.Connection) -> None:
    source = sqlite3.connect(path)
    source.backup(memory)
    source.close()
