"""Writes one row by a conditional UPDATE and keeps its object in step."""

from typing import Any

from django.db import models


def update_row(row: models.Model, rows: "models.QuerySet[Any]", **values: Any) -> bool:
    """Updates `row` if it is (still) among `rows`, and sets the same attributes on the object. False if it is not among them.

    The UPDATE itself checks the condition: of several processes that try at once, only one gets True. `values` are plain
    values, not expressions.
    """
    if not rows.filter(pk=row.pk).update(**values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True
