"""Compiles a queryset to SQL once per process and reruns it with other parameters, for queries made a hundred times a second.

Compiling a queryset costs several times as much as running it. The columns still come from the models.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model, QuerySet
from django.db.models import query as django_query

M = TypeVar("M", bound=Model)
_stand_ins = count(-(10**18))  # no row has such a key


class Composed(Generic[M]):
    """A compiled query whose parameters are keys of rows: `Composed(lambda pk: Utenza.objects.filter(pk=pk))`.

    Calls the function once, with a stand-in for each key. Keeps what the queryset defers, orders, joins and locks.
    """

    def __init__(self, compose: Callable[..., "QuerySet[M]"]) -> None:
        self._compose = compose
        self._ready: _Ready | None = None

    def all(self, *keys: int) -> list[M]:
        """Runs the query with these keys and returns its rows."""
        ready = self._ready = self._ready or _Ready(self._compose, len(keys))
        values = dict(zip(ready.stand_ins, keys, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(ready.statement, [values.get(parameter, parameter) for parameter in ready.parameters])
            found = cursor.fetchall()
        return ready.rows(found) if found else []

    def first(self, *keys: int) -> M | None:
        """Returns the first row, or None."""
        return next(iter(self.all(*keys)), None)


class _Ready:
    """The compiled statement, and how to build model instances of its result as Django's ModelIterable does."""

    def __init__(self, compose: Callable[..., "QuerySet[Any]"], keys: int) -> None:
        self.stand_ins = [next(_stand_ins) for _ in range(keys)]
        self._compiler: Any = compose(*self.stand_ins).query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
        self.statement, self.parameters = self._compiler.as_sql()
        select, of = self._compiler.select, self._compiler.klass_info
        self._model, self._own = of["model"], slice(of["select_fields"][0], of["select_fields"][-1] + 1)
        self._names = [column.target.attname for column, *_ in select[self._own]]
        populators: Any = django_query.get_related_populators  # its stubs are of another version of Django
        self._related = populators(of, select, DEFAULT_DB_ALIAS)
        self._converters = self._compiler.get_converters([column for column, *_ in select])

    def rows(self, found: list[tuple[Any, ...]]) -> list[Any]:
        rows = []
        for values in self._compiler.apply_converters(found, self._converters):
            row = self._model.from_db(DEFAULT_DB_ALIAS, self._names, values[self._own])
            for populator in self._related:
                populator.populate(values, row)
            rows.append(row)
        return rows
