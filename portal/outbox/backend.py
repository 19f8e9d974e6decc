"""EMAIL_BACKEND: sending a letter means writing its row. It leaves later, by portal.outbox.sending.delivery."""

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from portal.outbox.letters import write_down


class OutsideTransaction(Exception):
    """A letter must be written in the same transaction as its cause: it was sent outside any."""


class OutboxBackend(BaseEmailBackend):
    """Inserts one OutgoingMail per message. Raises OutsideTransaction."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if not connection.in_atomic_block:
            raise OutsideTransaction
        for message in email_messages:
            write_down(message)
        return len(email_messages)

    def __init__(self, fail_silently: bool = False, **kwargs: Any) -> None:
        super().__init__(fail_silently=False)
