"""Keeps the databases of the three modes apart: invented data beside real people would be the worst mistake of an installation.

The first migration writes the mode into the database. Each process compares it with PORTAL_MODE at its first connection, and stops with a
sentence when they differ.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from portal.env import DEMO, PRODUCTION, TEST
from portal.models import DatabaseMark
from portal.time import database_clock

MARK = DatabaseMark._meta.db_table
SEEDED = "demo_demoseed"  # the seed's own mark, in databases older than this one
# A database whose tables of these names are empty has never been used.
IN_USE = (
    "identity_user",
    "pharmacies_pharmacy",
    "pharmacies_utenza",
    "pharmacy_sessions_idsessione",
    "outbox_outgoingmail",
)
_known: set[str] = set()  # the databases of this process that were found right


class ForeignDatabase(ImproperlyConfigured):
    """The database belongs to an installation of another mode. The text says which, and what to do."""


def refusal(database: BaseDatabaseWrapper, mode: str) -> str:
    """The sentence that refuses this database to a process of this mode; "" when it may use it. Reads only."""
    with database.cursor() as cursor:
        tables = set(database.introspection.table_names(cursor))
        marked = _first(cursor, f"select mode from {MARK} order by id limit 1") if MARK in tables else None  # noqa: S608
        if marked is not None and marked != mode:
            return (
                f"this database belongs to an installation with PORTAL_MODE={marked}, and this process has {mode}: set the right"
                " DATABASE_URL or PORTAL_MODE. Nothing was changed."
            )
        if (
            marked is not None or mode == DEMO
        ):  # the demonstration's seed looks for itself (portal/demo/seed/seeding.py)
            return ""
        if mode == PRODUCTION and SEEDED in tables and _has_rows(cursor, SEEDED):
            return "the demonstration filled this database with invented people: production needs another one. Nothing was changed."
        if mode == TEST and any(table in tables and _has_rows(cursor, table) for table in IN_USE):
            return "this database holds data and no mark of a test environment: PORTAL_MODE=test needs an empty one. Nothing was changed."
    return ""


def look(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receives `connection_created`: closes the connection and raises ForeignDatabase when the mode must not use this database."""
    name = f"{connection.alias} {connection.settings_dict['HOST']} {connection.settings_dict['NAME']}"
    if name in _known:
        return
    if why := refusal(connection, settings.PORTAL_MODE):
        connection.close()
        raise ForeignDatabase(why)
    _known.add(name)


def look_at_the_start() -> None:
    """Connects once, so that a process stops at its start and not at its first page; a database that is away is looked at later.

    Raises ForeignDatabase.
    """
    try:
        connection.ensure_connection()
    except DatabaseError:
        return
    finally:
        connections.close_all()  # a worker forks its children after this


def write_the_mark(**kwargs: Any) -> None:
    """Receives `post_migrate`: marks a database that has none. Only production marks one that is in use, which is from before the mark.

    Does nothing while another app alone was migrated, and the table of the mark is not there.
    """
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if MARK not in tables or _has_rows(cursor, MARK):
            return
        seeded = SEEDED in tables and _has_rows(cursor, SEEDED)
        in_use = any(table in tables and _has_rows(cursor, table) for table in IN_USE)
    if settings.PORTAL_MODE == PRODUCTION or seeded or not in_use:
        DatabaseMark.objects.create(mode=settings.PORTAL_MODE, at=database_clock.now())


def _has_rows(cursor: Any, table: str) -> bool:
    return _first(cursor, f"select 1 from {table} limit 1") is not None  # noqa: S608  names of this module


def _first(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    row = cursor.fetchone()
    return row[0] if row else None
