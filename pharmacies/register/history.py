"""What the register said before: one row for each field that an import changes, for the staff to read."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pharmacies.models import Pharmacy, RegisterChange
from pharmacies.register.rows import Row

BATCH = 1000
Change = tuple[str, str, Any, Any]  # code, field, was, became


def changes(before: Pharmacy, row: Row, closed_on: date | None, fields: Sequence[str]) -> list[Change]:
    """What is written now of a pharmacy and was not before; `closed_on` as it was decided, whatever the row says."""
    told = {name: getattr(row, name) for name in fields} | {"closed_on": closed_on}
    held = {name: getattr(before, name) for name in fields}
    return [(row.code, name, held[name], told[name]) for name in fields if held[name] != told[name]]


def write(found: list[Change], now: datetime) -> None:
    """Writes them down, in the transaction of the import."""
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        keys = dict(Pharmacy.objects.filter(code__in={code for code, *_ in batch}).values_list("code", "pk"))
        RegisterChange.objects.bulk_create(
            RegisterChange(pharmacy_id=keys[code], at=now, field=name, was=kept(was), became=kept(became))
            for code, name, was, became in batch
        )


def kept(value: Any) -> str:
    """A day as 2026-11-23, nothing as ""."""
    return "" if value is None else str(value)[:200]
