"""Sets PostgreSQL's statement_timeout and lock_timeout for this process.

The kind of process decides. gunicorn (portal/wsgi.py) uses the bounds of pages; workers and the timetable (portal/celery.py) use the
bounds of tasks. A command has no bound: imports, migrations and exports take the time they need.

A page or a call stops after 15 seconds in one statement, or 5 seconds of waiting for a lock, and answers that it is busy. The
slowest list takes 2 seconds with a million ids, an import locks the rows that it changes for a few seconds, gunicorn gives up
after 30 and the proxy after 60. A task has 240 seconds in all (portal/celery.py), in statements of a thousand rows at most.
"""

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

A_DAY = 86_400  # seconds: PostgreSQL takes no more than 24 days


def for_pages() -> None:
    """Uses the bounds of pages and of the web service for every new connection of this process."""
    _bound(settings.PAGE_STATEMENT_TIMEOUT, settings.PAGE_LOCK_TIMEOUT)


def for_tasks() -> None:
    """Uses the bounds of tasks for every new connection of this process."""
    _bound(settings.TASK_STATEMENT_TIMEOUT, settings.TASK_LOCK_TIMEOUT)


def _bound(statement: int, lock: int) -> None:
    """Adds both timeouts (seconds; 0 for no bound) to the options of the connection, so that they cost no statement.

    Does nothing behind a pooler that shares connections between transactions (DATABASE_PREPARE=0): it refuses unknown startup
    options, and a SET would leak to the next client. There the database role carries the bounds (docs/production.md).
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    if not database["ENGINE"].endswith("postgresql") or database["OPTIONS"].get("prepare_threshold") is None:
        return
    bounds = {"statement_timeout": statement, "lock_timeout": lock}
    added = [f"-c {name}={min(seconds, A_DAY)}s" for name, seconds in bounds.items() if seconds]
    from_url = str(database["OPTIONS"].get("options", ""))
    if added:  # of an option given twice, PostgreSQL takes the last: DATABASE_URL wins
        database["OPTIONS"]["options"] = " ".join([*added, from_url]).strip()
