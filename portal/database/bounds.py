"""How long the database may work for a page, a call or a task, and how long these wait for a row that somebody holds.

The kind of process decides: gunicorn (portal/wsgi.py) has the bounds of pages, a worker and the timetable (portal/celery.py)
have those of tasks. A command has none: an import, a migration or an export may take as long as it takes.

A page or a call that has worked 15 seconds at one statement, or waited 5 for a row, had better say that it is busy: the slowest
list takes 2 seconds with a million ids, an import holds the rows that it changes for a few, gunicorn and the proxy give up
after 30 and 60. A task has 240 seconds in all (portal/celery.py), in statements of a thousand rows at most.
"""

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

A_DAY = 86_400  # seconds: PostgreSQL takes no more than 24 days


def for_pages() -> None:
    """From now on this process connects with the bounds of pages and of the web service."""
    _bound(settings.PAGE_STATEMENT_TIMEOUT, settings.PAGE_LOCK_TIMEOUT)


def for_tasks() -> None:
    """From now on this process connects with the bounds of tasks."""
    _bound(settings.TASK_STATEMENT_TIMEOUT, settings.TASK_LOCK_TIMEOUT)


def _bound(statement: int, lock: int) -> None:
    """Seconds; 0 for no bound. Sent when a connection is opened, so that no statement is spent on it.

    Nothing is sent through a pooler that shares connections between transactions (DATABASE_PREPARE=0): it refuses what it does
    not know, and a SET would stay with whoever comes next. There the role has the bounds (docs/production.md).
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    if not database["ENGINE"].endswith("postgresql") or database["OPTIONS"].get("prepare_threshold") is None:
        return
    bounds = {"statement_timeout": statement, "lock_timeout": lock}
    words = [f"-c {name}={min(seconds, A_DAY)}s" for name, seconds in bounds.items() if seconds]
    own = str(database["OPTIONS"].get("options", ""))
    if words:
        database["OPTIONS"]["options"] = " ".join([*words, own]).strip()  # the last one said wins: that of DATABASE_URL
