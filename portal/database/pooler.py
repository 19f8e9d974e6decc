"""Looks for a pooler between the portal and PostgreSQL, and at what it keeps back.

PgBouncer in transaction mode gives each transaction another connection of PostgreSQL. Then a prepared statement, and a timeout
that was set when the connection opened, belong to a connection that the next transaction does not get.
"""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import errors

PATIENCE = 5.0  # seconds for the whole look, so that a full pool delays no start
KEPT_FOR = 600.0  # seconds
TRIES = 3  # other clients may take the connection on which the proof rests
OF_DJANGO = ("cursor_factory", "context", "prepare_threshold", "options")
BOUND = "-c statement_timeout=15s"


_kept: "tuple[float, PoolerFindings] | None" = None


@dataclass(frozen=True)
class PoolerFindings:
    """The behaviour of the connections of DATABASE_URL. The defaults stand for a connection without a pooler."""

    shares: bool = False  # two transactions of one client ran on two connections of PostgreSQL
    keeps_prepared: bool = True  # a prepared statement is known in the next transaction
    takes_options: bool = True  # the options of a connection (portal/database/bounds.py) are let in
    has_bound: bool = True  # the role has a statement_timeout of its own; looked at behind a pooler that shares only


def look() -> PoolerFindings | None:
    """Opens three connections and compares; None for an embedded database, or when PostgreSQL does not answer within PATIENCE."""
    database = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "postgresql":
        return None
    params = {name: value for name, value in database.get_connection_params().items() if name not in OF_DJANGO}
    try:
        return asyncio.run(asyncio.wait_for(_look(params), PATIENCE))
    except (psycopg.Error, TimeoutError, OSError):
        return None


def lately() -> PoolerFindings | None:
    """The same, at most KEPT_FOR old: /readyz asks often, and a pooler may come at any time."""
    global _kept  # noqa: PLW0603  one look for each process
    if _kept is None or monotonic() > _kept[0] + KEPT_FOR:
        found = look()
        if found is None:
            return None
        _kept = (monotonic(), found)
    return _kept[1]


async def _look(params: dict[str, Any]) -> PoolerFindings:
    connect = psycopg.AsyncConnection.connect
    async with (
        await connect(**params, autocommit=True) as first,
        await connect(**params, autocommit=True) as second,
    ):
        shares = await _shares(first, second)
        return PoolerFindings(
            shares=shares,
            keeps_prepared=not shares or await _keeps_prepared(first, second),
            takes_options=await _takes_options(params),
            has_bound=not shares or await _one(second, "show statement_timeout") != "0",
        )


async def _shares(first: Any, second: Any) -> bool:
    """True when `second` got one process of PostgreSQL while `first` held another, and then that other."""
    for _ in range(TRIES):
        async with first.transaction():
            await first.execute("select 1")
            meanwhile = await _one(second, "select pg_backend_pid()")
        if meanwhile != await _one(second, "select pg_backend_pid()"):
            return True
    return False


async def _keeps_prepared(first: Any, second: Any) -> bool:
    try:
        for _ in range(TRIES):
            await second.execute("select 1", prepare=True)
            async with first.transaction():  # takes the connection that `second` has just left
                await first.execute("select 1", prepare=False)
                await second.execute("select 1", prepare=True)
    except (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement):
        return False
    return True


async def _takes_options(params: dict[str, Any]) -> bool:
    try:
        await (await psycopg.AsyncConnection.connect(**params, options=BOUND)).close()
    except psycopg.OperationalError as refused:
        return "startup parameter" not in str(refused)
    return True


async def _one(line: Any, statement: str) -> Any:
    (value,) = await (await line.execute(statement)).fetchone()
    return value
