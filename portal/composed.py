"""What is asked a hundred times a second: a statement that the ORM composes once in each process, and asks with other values.

To compose one costs the ORM several times what it costs to ask it. Its columns are still those of the models.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Field, Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)
_stand_ins = count(-(10**18))  # no key is one of these


class Composed(Generic[M]):
    """A query whose values are keys of rows: `Composed(lambda pk: Utenza.objects.filter(pk=pk))`.

    Its function is called once, with a stand-in for each key. What the query defers, orders, joins and locks is kept.
    """

    def __init__(self, compose: Callable[..., "QuerySet[M]"]) -> None:
        self._compose = compose
        self._ready: tuple[str, tuple[Any, ...], list[int], Any] | None = None

    def all(self, *keys: int) -> list[M]:
        """The rows that it finds for these keys."""
        if self._ready is None:
            self._ready = self._composed(len(keys))
        statement, parameters, stand_ins, compiler = self._ready
        values = dict(zip(stand_ins, keys, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(statement, [values.get(each, each) for each in parameters])
            found = cursor.fetchall()
        return _rows(compiler, found) if found else []

    def first(self, *keys: int) -> M | None:
        """For a query that finds one row at most."""
        return next(iter(self.all(*keys)), None)

    def _composed(self, keys: int) -> tuple[str, tuple[Any, ...], list[int], Any]:
        stand_ins = [next(_stand_ins) for _ in range(keys)]
        compiler = self._compose(*stand_ins).query.get_compiler(connection=connection)
        statement, parameters = compiler.as_sql(with_col_aliases=False)
        return statement, tuple(parameters), stand_ins, compiler


def _rows(compiler: Any, found: list[tuple[Any, ...]]) -> list[Any]:
    """As Django's own ModelIterable."""
    select, of = compiler.select, compiler.klass_info
    own = slice(of["select_fields"][0], of["select_fields"][-1] + 1)
    names = [column.target.attname for column, *_ in select[own]]
    related = get_related_populators(of, select, connection.alias)  # type: ignore[attr-defined]
    rows = []
    for values in compiler.results_iter([found]):
        row = of["model"].from_db(connection.alias, names, values[own])
        for each in related:
            each.populate(values, row)
        rows.append(row)
    return rows


@lru_cache(maxsize=16)
def _insertion(model: type[Model]) -> tuple[str, list["Field[Any, Any]"]]:
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table, places = connection.ops.quote_name(model._meta.db_table), ", ".join(["%s"] * len(fields))
    return f"insert into {table} ({columns}) values ({places}) returning id", fields  # noqa: S608  names of our own models


def insert(row: Model) -> None:
    """As `row.save(force_insert=True)` of a row that has no key yet, inside a transaction; no signal is sent."""
    statement, fields = _insertion(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias
