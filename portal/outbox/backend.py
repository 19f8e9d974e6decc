"""EMAIL_BACKEND: writes each message as a row of the outbox; portal.outbox.sending.delivery sends it later."""

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from portal.outbox.letters import write_down


class OutsideTransaction(Exception):
    """The caller sent a letter outside a transaction: a letter must share the transaction of its cause."""


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
