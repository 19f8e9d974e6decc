"""Who wants to know that an address is no longer a pharmacy's. This app knows addresses, not what is written to them."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pharmacies.models import MailCertification

Listener = Callable[["MailCertification", datetime], None]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """`listener(certification, now)` is called in the transaction that revokes it, or puts another address in its place."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(certification: "MailCertification", now: datetime) -> None:
    for listener in _listeners:
        listener(certification, now)
