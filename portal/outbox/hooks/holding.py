"""Due letters that must wait: another app narrows what may leave now. The outbox knows letters, not pharmacies.

A held letter is not withdrawn: it leaves at the next round after the reason is gone, or fails at its own `give_up_at`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

Narrowing = Callable[[Any, datetime], Any]
_narrowings: list[Narrowing] = []


def register(narrowing: Narrowing) -> None:
    """`narrowing(letters, now)` returns the letters (a queryset of OutgoingMail) without those that must wait."""
    if narrowing not in _narrowings:
        _narrowings.append(narrowing)


def may_leave(letters: QuerySet[Any], now: datetime) -> Any:
    """The letters that nothing holds at `now` (UTC)."""
    for narrowing in _narrowings:
        letters = narrowing(letters, now)
    return letters
