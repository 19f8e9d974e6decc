"""Compiles a queryset to SQL once per process and reruns it with other parameters, for queries made a hundred times a second.

Compiling a queryset costs several times as much as running it. The columns still come from the models.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Generic, TypeVar

from django.core.signals import setting_changed
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model, QuerySet
from django.db.models import query as django_query

from portal.time.clock import ROME

M = TypeVar("M", bound=Model)
Value = int | str | datetime
_stand_ins = count(-(10**18))  # no row has such a key
# Instants that no row has, one for each parameter. An instant or a day in the statement that is near one was computed from it
# (`now - settings.SUCCESSION_FOR`, the Italian day of `now`): at each run it is computed from the real one.
_FIRST_YEAR, _YEARS_APART, _NEAR = 5000, 200, timedelta(days=36_500)
_settings_changed = count()
_generation = 0  # statements hold values of settings; a test that changes one makes them stale


def _outdate(**kwargs: Any) -> None:
    global _generation  # noqa: PLW0603  one per process
    _generation = next(_settings_changed) + 1


setting_changed.connect(_outdate)  # sent by tests only


class Composed(Generic[M]):
    """A compiled query whose parameters are keys of rows, texts or instants (UTC): `Composed(lambda pk: Utenza.objects.filter(pk=pk))`.

    Calls the function once, with a stand-in for each parameter. It may compute other instants and the Italian day from an
    instant, but must not decide by one. Keeps what the queryset annotates, defers, orders, joins and locks.
    """

    def __init__(self, compose: Callable[..., "QuerySet[M]"]) -> None:
        self._compose = compose
        self._ready: _Ready | None = None

    def all(self, *values: Value) -> list[M]:
        """Runs the query with these values and returns its rows. A parameter has the same type at every call."""
        ready = self._ready
        if ready is None or ready.generation != _generation:
            ready = self._ready = _Ready(self._compose, values)
        with connection.cursor() as cursor:
            cursor.execute(ready.statement, [parameter(values) for parameter in ready.parameters])
            found = cursor.fetchall()
        return ready.rows(found) if found else []

    def first(self, *values: Value) -> M | None:
        """Returns the first row, or None."""
        return next(iter(self.all(*values)), None)


def _stand_in(number: int, value: Value) -> Value:
    if isinstance(value, datetime):
        return datetime(_FIRST_YEAR + number * _YEARS_APART, 6, 15, 12, tzinfo=UTC)
    return next(_stand_ins) if isinstance(value, int) else f"stand-in {next(_stand_ins)}"


def _parameter(compiled: Any, stand_ins: Sequence[Value]) -> Callable[[Sequence[Any]], Any]:
    """How to get one parameter of the statement from the values of a run."""
    moment = _moment(compiled)
    for number, stand_in in enumerate(stand_ins):
        if isinstance(stand_in, datetime):
            if isinstance(moment, datetime) and abs(moment - stand_in) < _NEAR:
                after = moment - stand_in
                return lambda values: connection.ops.adapt_datetimefield_value(values[number] + after)
            if type(moment) is date and abs(moment - stand_in.date()) < _NEAR:
                days = moment - stand_in.date()
                return lambda values: connection.ops.adapt_datefield_value(
                    values[number].astimezone(ROME).date() + days
                )
        elif isinstance(compiled, type(stand_in)) and compiled == stand_in:  # on PostgreSQL: a subclass of int
            return lambda values: values[number]
    return lambda _values: compiled


def _moment(compiled: Any) -> datetime | date | None:
    """The instant (UTC) or the day of a parameter: SQLite's are texts without an offset."""
    if isinstance(compiled, str) and compiled[:4].isdigit():
        try:
            compiled = date.fromisoformat(compiled) if len(compiled) == 10 else datetime.fromisoformat(compiled)
        except ValueError:
            return None
    if isinstance(compiled, datetime):
        return compiled if compiled.tzinfo else compiled.replace(tzinfo=UTC)
    return compiled if isinstance(compiled, date) else None


class _Ready:
    """The compiled statement, and how to build model instances of its result as Django's ModelIterable does."""

    def __init__(self, compose: Callable[..., "QuerySet[Any]"], values: Sequence[Value]) -> None:
        self.generation = _generation
        stand_ins = [_stand_in(number, value) for number, value in enumerate(values)]
        self._compiler: Any = compose(*stand_ins).query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
        self.statement, parameters = self._compiler.as_sql()
        self.parameters = [_parameter(compiled, stand_ins) for compiled in parameters]
        select, of = self._compiler.select, self._compiler.klass_info
        self._model, self._own = of["model"], slice(of["select_fields"][0], of["select_fields"][-1] + 1)
        self._names = [column.target.attname for column, *_ in select[self._own]]
        populators: Any = django_query.get_related_populators  # its stubs are of another version of Django
        self._related = populators(of, select, DEFAULT_DB_ALIAS)
        self._annotated = list(self._compiler.annotation_col_map.items())
        self._converters = self._compiler.get_converters([column for column, *_ in select])

    def rows(self, found: list[tuple[Any, ...]]) -> list[Any]:
        rows = []
        for values in self._compiler.apply_converters(found, self._converters):
            row = self._model.from_db(DEFAULT_DB_ALIAS, self._names, values[self._own])
            for populator in self._related:
                populator.populate(values, row)
            for name, place in self._annotated:
                setattr(row, name, values[place])
            rows.append(row)
        return rows
