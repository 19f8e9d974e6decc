"""Writes the history of the register: one row for each field that an import changes, for the staff to read."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pharmacies.models import Pharmacy, RegisterChange
from pharmacies.register.rows import RegisterRow

BATCH = 1000
Change = tuple[str, str, Any, Any]  # code, field, was, became


def changes(before: Pharmacy, row: RegisterRow, closed_on: date | None, fields: Sequence[str]) -> list[Change]:
    """Returns the fields that the import changes; `closed_on` is the decided day, which may differ from the row's."""
    new = {name: getattr(row, name) for name in fields} | {"closed_on": closed_on}
    old = {name: getattr(before, name) for name in fields}
    return [(row.code, name, old[name], new[name]) for name in fields if old[name] != new[name]]


def write(found: list[Change], now: datetime) -> None:
    """Inserts the changes; the caller holds the transaction of the import."""
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        keys = dict(Pharmacy.objects.filter(code__in={code for code, *_ in batch}).values_list("code", "pk"))
        RegisterChange.objects.bulk_create(
            RegisterChange(pharmacy_id=keys[code], at=now, field=name, was=as_text(was), became=as_text(became))
            for code, name, was, became in batch
        )


def as_text(value: Any) -> str:
    """Returns the value as stored in the history: a day as 2026-11-23, None as "", at most 200 characters."""
    return "" if value is None else str(value)[:200]
