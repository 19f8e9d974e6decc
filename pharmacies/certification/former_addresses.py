"""Listeners for addresses that stop being certified; other apps register here, because this app does not import them."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pharmacies.models import MailCertification

Listener = Callable[["MailCertification", datetime], None]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Registers `listener(certification, now)`; it runs in the transaction that revokes or replaces the address."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(certification: "MailCertification", now: datetime) -> None:
    """Calls every listener for an address that was just revoked or replaced."""
    for listener in _listeners:
        listener(certification, now)
