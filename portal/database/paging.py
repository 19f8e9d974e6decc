"""Reads a long result page by page, each page with a query of its own.

A cursor on the server would need one connection of PostgreSQL for the whole download, which a pooler in transaction mode does
not give; without one, QuerySet.iterator() loads the whole result into memory.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from django.db.models import Model, QuerySet

AT_ONCE = 1000  # rows
Row = TypeVar("Row", bound=Model)


def in_pages(rows_after: Callable[[Row | None], "QuerySet[Row]"]) -> Iterator[Row]:
    """Yields every row. `rows_after(last)` returns the rows after `last` (None: all), always in the same order."""
    last = None
    while page := list(rows_after(last)[:AT_ONCE]):
        yield from page
        if len(page) < AT_ONCE:
            return
        last = page[-1]
