"""The SMTP server of the demo mailbox: accepts mail for every recipient, on loopback only."""

from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller
from asgiref.sync import sync_to_async
from django.db import connection

from portal.demo.models import DemoLetter
from portal.time import database_clock

# Local parts, in any domain, that behave like the troubled mailboxes of real life; /prova/ lists them.
FULL, UNKNOWN, SLOW = "piena@", "inesistente@", "lenta@"
REFUSALS = {FULL: "552 5.2.2 Mailbox full", UNKNOWN: "550 5.1.1 No such mailbox"}


class Mailbox:
    """The handler that aiosmtpd calls at RCPT and at DATA."""

    def __init__(self) -> None:
        self._greylisted: set[str] = set()

    async def handle_RCPT(  # noqa: N802  the name is aiosmtpd's
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        for beginning, answer in REFUSALS.items():
            if address.lower().startswith(beginning):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self._must_wait(envelope):
            return "451 4.7.1 Greylisted, try again later"
        await sync_to_async(keep)(envelope.rcpt_tos, envelope.original_content)
        return "250 2.0.0 OK"

    def _must_wait(self, envelope: Any) -> bool:
        """True at the first attempt of a letter to the slow mailbox (greylisting)."""
        if not any(address.lower().startswith(SLOW) for address in envelope.rcpt_tos):
            return False
        message_id = str(message_from_bytes(envelope.original_content, policy=policy.default)["Message-ID"])
        first_time = message_id not in self._greylisted
        self._greylisted.add(message_id)
        return first_time


def keep(recipients: list[str], raw: bytes) -> None:
    """Stores the message, once per recipient."""
    subject = str(message_from_bytes(raw, policy=policy.default)["Subject"] or "")
    now = database_clock.now()
    try:
        for recipient in recipients:
            DemoLetter.objects.create(received_at=now, recipient=recipient, subject=subject[:300], raw=raw)
    finally:
        connection.close()  # Django closes connections at the end of a request, and this thread has none


def serve(port: int) -> Controller:
    """Listens on loopback in its own thread; `.stop()` ends it. Raises OSError when the port is taken."""
    controller = Controller(Mailbox(), hostname="127.0.0.1", port=port, ready_timeout=20)
    controller.start()
    return controller
