"""Empties the tables after a test with real transactions (`django_db(transaction=True)`), for which Django takes longer.

Django truncates all tables of PostgreSQL, full or empty (1 s), and writes 230 rows of content types and permissions again one at
a time. Here those rows stay, which no test changes, and the other rows are deleted.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection

STAY = {"django_content_type": "contenttypes.contenttype", "auth_permission": "auth.permission"}
APPEND_ONLY = {"journal_entry", "journal_entrylink"}  # a trigger refuses DELETE


def quickly() -> None:
    """Changes how Django empties the tables of this connection, and which of the shipped rows it writes again."""
    found = getattr(connection, "_test_serialized_contents", "") or connection.creation.serialize_db_to_string()
    rows = json.loads(found)
    connection._test_serialized_contents = json.dumps([row for row in rows if row["model"] not in STAY.values()])
    by_django = connection.ops.sql_flush

    def statements(style: Any, tables: Iterable[str], **options: Any) -> list[str]:
        changing = [table for table in tables if table not in STAY]
        if connection.vendor != "postgresql":
            return by_django(style, changing, **options)
        return [sql for table in _with_rows(changing) for sql in _deletion(table)]

    connection.ops.sql_flush = statements


def _deletion(table: str) -> list[str]:
    name = connection.ops.quote_name(table)
    delete = f"delete from {name}"
    if table not in APPEND_ONLY:
        return [delete]
    return [f"alter table {name} disable trigger user", delete, f"alter table {name} enable trigger user"]


def _with_rows(tables: Iterable[str]) -> set[str]:
    names = [(table, connection.ops.quote_name(table)) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(
            " union all ".join(f"select '{name}' where exists (select from {quoted})" for name, quoted in names)
        )
        return {name for (name,) in cursor.fetchall()}
