"""Conditions under which due letters must wait; other apps register them, because the outbox knows no pharmacies.

A held letter is not withdrawn: it leaves at the next round after the condition ends, or fails at its own `give_up_at`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

Narrowing = Callable[[Any, datetime], Any]
_narrowings: list[Narrowing] = []


def register(narrowing: Narrowing) -> None:
    """Adds `narrowing(letters, now)`: it returns the letters (a queryset of OutgoingMail) without the letters that must wait."""
    if narrowing not in _narrowings:
        _narrowings.append(narrowing)


def may_leave(letters: QuerySet[Any], now: datetime) -> Any:
    """The letters that no registered condition holds at `now` (UTC)."""
    for narrowing in _narrowings:
        letters = narrowing(letters, now)
    return letters
