"""What the register said before: one row for each field that an import changes, for the staff to read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pharmacies.models import Pharmacy, RegisterChange
from pharmacies.registry_rows import Row

BATCH = 1000
Change = tuple[str, str, Any, Any]  # code, field, was, became


def changes(row: Row, held: tuple[Any, ...] | None, fields: Sequence[str]) -> list[Change]:
    """What the register says now and did not say before, of a pharmacy that was there. `held` in the order of `fields`."""
    if held is None:
        return []
    told = zip(fields, held, strict=False)  # what comes after the fields (the doubts) is of our reading
    return [(row.code, name, was, getattr(row, name)) for name, was in told if was != getattr(row, name)]


def write(found: list[Change], now: datetime) -> None:
    """Writes them down, in the transaction of the import."""
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        keys = dict(Pharmacy.objects.filter(code__in={code for code, *_ in batch}).values_list("code", "pk"))
        RegisterChange.objects.bulk_create(
            RegisterChange(pharmacy_id=keys[code], at=now, field=name, was=_kept(was), became=_kept(became))
            for code, name, was, became in batch
        )


def _kept(value: Any) -> str:
    """A day as 2026-11-23, nothing as ""."""
    return "" if value is None else str(value)[:200]
