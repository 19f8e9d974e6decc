"""Notifies other apps about a mailbox: it is dead, that was taken back, or a letter arrived.

The outbox knows letters, not the purpose of an address.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.outbox.models import OutgoingMail

Listener = Callable[["OutgoingMail", str, datetime], None]
TakenBack = Callable[["OutgoingMail", datetime, datetime], None]
Arrived = Callable[["OutgoingMail", datetime], None]
_listeners: list[Listener] = []
_taken_back: list[TakenBack] = []
_arrived: list[Arrived] = []


def register(listener: Listener) -> None:
    """Adds `listener(letter, why, now)`: the mailbox of this letter is dead; `why` in plain Italian words.

    tell() runs before its transaction locks the letter, so a listener may lock pharmacies and their rows.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def register_taken_back(listener: TakenBack) -> None:
    """Adds `listener(letter, told_at, now)`: the news that was told about this letter at `told_at` is taken back."""
    if listener not in _taken_back:
        _taken_back.append(listener)


def register_arrived(listener: Arrived) -> None:
    """Adds `listener(letter, now)`: this letter was delivered to its mailbox."""
    if listener not in _arrived:
        _arrived.append(listener)


def tell(letter: "OutgoingMail", why: str, now: datetime) -> None:
    for listener in _listeners:
        listener(letter, why, now)


def take_back(letter: "OutgoingMail", told_at: datetime, now: datetime) -> None:
    for listener in _taken_back:
        listener(letter, told_at, now)


def arrived(letter: "OutgoingMail", now: datetime) -> None:
    for listener in _arrived:
        listener(letter, now)
