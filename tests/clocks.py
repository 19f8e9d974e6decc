"""Clocks for DATABASE_CLOCK in tests: how far this machine's clock is ahead of the database's."""

from datetime import timedelta

from django.db import OperationalError


def in_step() -> timedelta:
    return timedelta(0)


def seven_seconds_ahead() -> timedelta:
    return timedelta(seconds=7)


def ten_minutes_ahead() -> timedelta:
    return timedelta(minutes=10)


def four_hours_ahead() -> timedelta:
    return timedelta(hours=4)


def two_minutes_behind() -> timedelta:
    return timedelta(minutes=-2)


def away() -> timedelta:
    raise OperationalError("connection to server at 10.0.0.5 failed")
