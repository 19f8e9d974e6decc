"""A database that fails a given number of times, at a statement that the test names."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import OperationalError, connection


def deadlock() -> OperationalError:
    """The error that Django raises when PostgreSQL ends a transaction because of a deadlock."""
    error = OperationalError("deadlock detected")
    error.__cause__ = psycopg.errors.DeadlockDetected("deadlock detected")
    return error


def cut() -> OperationalError:
    """The error that Django raises when a statement exceeds statement_timeout."""
    error = OperationalError("canceling statement due to statement timeout")
    error.__cause__ = psycopg.errors.QueryCanceled("canceling statement due to statement timeout")
    return error


@contextmanager
def failing(at: str, times: int, error=deadlock) -> Iterator[list[str]]:
    """Makes statements that contain `at` raise `error()`, `times` times. The yielded list grows with each of them, failed or not."""
    seen: list[str] = []

    def wrapper(execute, sql, params, many, context):
        if at in str(sql):
            seen.append(str(sql))
            if len(seen) <= times:
                raise error()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield seen
