"""Claims rows of work for one worker: a lease in the row, no lock held while a remote server answers."""

from typing import Any, TypeVar

from django.db import connection, models, transaction

M = TypeVar("M", bound=models.Model)


def hold(rows: "models.QuerySet[M]") -> list[Any]:
    """Locks `rows` in the order of their keys until the transaction ends, and returns the keys.

    An UPDATE of several rows locks them in an unspecified order: two of them at once can deadlock.
    """
    return list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))


def skip_locked(rows: "models.QuerySet[M]") -> "models.QuerySet[M]":
    """Adds FOR NO KEY UPDATE SKIP LOCKED: the query locks the rows that it returns and skips rows that are locked already.

    On SQLite, where a transaction locks the whole database (IMMEDIATE), it adds nothing.
    """
    if not connection.features.has_select_for_update_skip_locked:
        return rows
    return rows.select_for_update(of=("self",), skip_locked=True, no_key=True)


def claim(rows: "models.QuerySet[M]", size: int, **facts: Any) -> list[M]:
    """Writes `facts` (the lease) on the first `size` of `rows`, in their order, and returns them as they were before the write.

    On PostgreSQL it skips rows that another worker is claiming (SKIP LOCKED), so no worker waits. On SQLite the transaction has
    the database to itself (IMMEDIATE), and the UPDATE checks the condition again.
    """
    with transaction.atomic():
        taken = list(skip_locked(rows)[:size])
        if taken:
            rows.order_by().filter(pk__in=[row.pk for row in taken]).update(**facts)
    return taken
