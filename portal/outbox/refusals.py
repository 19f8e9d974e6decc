"""Who wants to know that a mailbox refuses letters for good. The outbox knows letters, not what an address is for."""

from collections.abc import Callable
from datetime import datetime

from portal.outbox.models import OutgoingMail

Listener = Callable[[OutgoingMail, str, datetime], None]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """`listener(letter, why, now)` is called in the transaction that writes the refusal down; `why` in plain Italian words.

    It is called before that transaction locks the letter: a listener may lock pharmacies and what belongs to them.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def tell(letter: OutgoingMail, why: str, now: datetime) -> None:
    for listener in _listeners:
        listener(letter, why, now)
