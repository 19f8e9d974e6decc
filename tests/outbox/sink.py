"""A real SMTP server on loopback whose behaviour a test sets."""

import asyncio
import socket
import threading
from collections import Counter, defaultdict
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller

HANG, HANG_UP = "hang", "hang up"


def free_port() -> int:
    """A loopback port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sink:
    """Accepts everything by default; `at_rcpt[address]` and `at_data` are answers to give first, in order.

    `hang_for`: addresses at which it falls silent. `take_then_hang_up`: so many letters are taken and never answered.
    `letters_a_connection`: then it ends the connection, as many servers do. `greets_in`: seconds, for each connection in order.
    """

    def __init__(self) -> None:
        self.at_rcpt: dict[str, list[str]] = defaultdict(list)
        self.at_data: list[str] = []
        self.at_mail: list[str] = []
        self.letters: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []  # of the envelope
        self.connections = 0
        self.hang_for: set[str] = set()
        self.take_then_hang_up = 0
        self.letters_a_connection = 0
        self.greets_in: list[float] = []
        self.reached_data = 0
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10)

    def __enter__(self) -> "Sink":
        self._controller.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def count_by_message_id(self) -> Counter:
        return Counter(letter["Message-ID"] for letter in self.letters)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.connections += 1
        if self.greets_in:
            await asyncio.sleep(self.greets_in.pop(0))
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        session.letters = getattr(session, "letters", 0) + 1
        if self.letters_a_connection and session.letters > self.letters_a_connection:
            server.transport.close()
            return "421 4.7.0 enough for one connection"
        if self.at_mail:
            return self.at_mail.pop(0)
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.hang_for:
            await asyncio.sleep(60)
        if self.at_rcpt[address]:
            return self.at_rcpt[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.reached_data += 1
        answer = self.at_data.pop(0) if self.at_data else "250 2.0.0 OK"
        if answer == HANG:
            await asyncio.sleep(60)
        if answer == HANG_UP:
            server.transport.abort()
            return "421 4.3.0 gone"
        if answer.startswith("2"):
            self._keep(envelope)
        if self.take_then_hang_up:
            self.take_then_hang_up -= 1
            server.transport.abort()
        return answer

    def _keep(self, envelope) -> None:
        self.raw.append(envelope.content)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients.extend(envelope.rcpt_tos)
        self.senders.append(envelope.mail_from)


class Dripping:
    """Answers one byte every `pause` seconds, from the `after`-th answer on (0: its greeting); earlier answers come at once. Records
    the commands.
    """

    ANSWERS = (
        b"220 slow\r\n",
        b"250 slow\r\n",
        b"250 2.1.0 ok\r\n",
        b"250 2.1.5 ok\r\n",
        b"354 go on\r\n",
        b"250 2.0.0 ok\r\n",
    )

    def __init__(self, pause: float, after: int = 0) -> None:
        self.pause, self.after, self.letters = pause, after, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._ended = threading.Event()

    def __enter__(self) -> "Dripping":
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self.listener.close()
        self.thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            while not self._ended.is_set():
                line, _ = self.listener.accept()
                with line, line.makefile("rb") as said, suppress(OSError):
                    self._converse(line, said)

    def _converse(self, line: socket.socket, said) -> None:
        for number, answer in enumerate(self.ANSWERS):
            if number == 5:
                while said.readline() not in (b".\r\n", b""):
                    pass
                self.letters += 1
            elif number:
                said.readline()
            self._say(line, answer, number >= self.after)

    def _say(self, line: socket.socket, answer: bytes, slowly: bool) -> None:
        if not slowly:
            line.sendall(answer)
            return
        for byte in answer:
            if self._ended.wait(self.pause):
                return
            line.sendall(bytes([byte]))
