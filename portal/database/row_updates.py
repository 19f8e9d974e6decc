"""Writes one row by a conditional UPDATE and keeps its object true."""

from typing import Any

from django.db import models


def update_row(row: models.Model, rows: "models.QuerySet[Any]", **values: Any) -> bool:
    """Updates `row` if it is (still) among `rows`, and sets the same attributes on it. False: the row is not among them.

    The condition is asked by the UPDATE itself: of several processes that try at once, one gets True. `values` are plain values,
    no expressions.
    """
    if not rows.filter(pk=row.pk).update(**values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True
