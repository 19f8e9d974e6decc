"""Deletes rows whose retention is over, a batch at a time, and counts them for `purge --dry-run`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

AT_A_TIME = 1000  # rows of one transaction


@dataclass(frozen=True)
class Outdated:
    """One kind of row that no foreign key names. `of(now)` finds the expired rows, by an index or in a small table."""

    name: str
    of: Callable[[datetime], QuerySet[Any]]

    def forgettable(self, now: datetime) -> QuerySet[Any]:
        return self.of(now)

    def forget(self, now: datetime) -> Iterator[int]:
        """Deletes one batch per step and transaction, and yields its number of rows; the caller may stop after any step."""
        while deleted := self._some(now):
            yield deleted

    @transaction.atomic
    def _some(self, now: datetime) -> int:
        rows = self.of(now)
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME])
        deleted: int = rows.model._default_manager.filter(pk__in=keys).delete()[0]
        return deleted
