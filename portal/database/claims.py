"""Takes rows of work, so that nobody else does: a lease in the row, no lock held while the other side thinks."""

from typing import Any, TypeVar

from django.db import connection, models, transaction

M = TypeVar("M", bound=models.Model)


def hold(rows: "models.QuerySet[M]") -> list[Any]:
    """Locks `rows` in the order of their keys, until the transaction ends, and returns these.

    An UPDATE of several rows locks them in an order of its own: two of them at once would wait for each other.
    """
    return list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))


def skip_locked(rows: "models.QuerySet[M]") -> "models.QuerySet[M]":
    """Locks the rows that it returns until the transaction ends, and steps over rows that another transaction has locked.

    On SQLite, where a transaction has the whole database (IMMEDIATE), nothing is added.
    """
    if not connection.features.has_select_for_update_skip_locked:
        return rows
    return rows.select_for_update(of=("self",), skip_locked=True, no_key=True)


def claim(rows: "models.QuerySet[M]", size: int, **facts: Any) -> list[M]:
    """Writes `facts` (the lease) on the first `size` of `rows`, in their order, and returns them as they were read before.

    On PostgreSQL rows that another is claiming are stepped over (SKIP LOCKED): nobody waits for anybody. On SQLite the
    transaction is alone with the database (IMMEDIATE), and the UPDATE asks the condition again.
    """
    with transaction.atomic():
        taken = list(skip_locked(rows)[:size])
        if taken:
            rows.order_by().filter(pk__in=[row.pk for row in taken]).update(**facts)
    return taken
