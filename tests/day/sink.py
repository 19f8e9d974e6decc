"""The mail server of the simulated day: accepts letters fast, records each one, and misbehaves on command.

`python -m tests.day.sink PORT FILE` writes a JSON line for each accepted letter and for each answer that the client did not
read. The command `XMODE word` on one connection sets the mode of all the others.
"""

import asyncio
import contextlib
import json
import re
import sys
import time
from enum import StrEnum
from typing import TextIO, cast

REFUSED_DOMAIN = "casella-chiusa.example"  # every mailbox there refuses for good
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
_KIND = re.compile(rb"^X-Portale-Tipo:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Mode(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"  # does not listen
    HANG = "hang"  # never answers
    BUSY = "busy"  # answers 421 to everything
    CUT = "cut"  # accepts the letter and closes the connection before the answer
    ABOUT_US = "about-us"  # refuses every letter because of the sender, with status codes that also mean a dead mailbox


# Answers of real servers that blame the sender, whatever their status code
ABOUT_US = (
    "550 5.1.1 192.0.2.9 has sent to too many recipients this hour",
    "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery",
    "550 5.1.0 192.0.2.9 is not allowed to send from <portale.example> per its SPF record",
    "553 5.1.3 http://www.spamhaus.org/query/bl?ip=192.0.2.9",
    "550 5.7.26 This mail is unauthenticated: it does not pass DMARC",
)


class SinkServer:
    def __init__(self, port: int, book: TextIO) -> None:
        self.port, self.book, self.mode = port, book, Mode.ACCEPT
        self.lines: set[SmtpConnection] = set()
        self.listener: asyncio.Server | None = None
        self.about_us = 0  # letters refused because of the sender

    async def listen(self) -> None:
        if self.listener is None:
            loop = asyncio.get_running_loop()
            self.listener = await loop.create_server(
                lambda: SmtpConnection(self), "127.0.0.1", self.port, reuse_address=True
            )

    async def change(self, mode: Mode, by: "SmtpConnection") -> None:
        if mode is Mode.REFUSE and self.listener is not None:
            self.listener.close()
            self.listener = None
        elif mode is not Mode.REFUSE:
            await self.listen()
        if mode is not self.mode:
            for line in self.lines - {by}:  # connections that hang would wait for ever
                line.hang_up()
        self.mode = mode
        by.say("250 ok")

    def write(self, **facts: object) -> None:
        self.book.write(json.dumps(facts) + "\n")


class SmtpConnection(asyncio.Protocol):
    """One connection of a mail client."""

    def __init__(self, server: SinkServer) -> None:
        self.server = server
        self.buffer = b""
        self.in_data = False
        self.began = 0.0  # real second of the MAIL command
        self.last = ""  # the letter whose answer the client may not have read

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.server.lines.add(self)
        if self.server.mode is Mode.BUSY:
            self.say("421 4.3.2 busy")
            self.transport.close()
        elif self.server.mode is not Mode.HANG:
            self.say("220 sink ESMTP")

    def connection_lost(self, error: Exception | None) -> None:
        self.server.lines.discard(self)
        if self.last:
            self.server.write(unheard=self.last)

    def say(self, words: str) -> None:
        self.transport.write(f"{words}\r\n".encode())

    def hang_up(self) -> None:
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            piece, found, rest = self.buffer.partition(end)
            if not found:
                return
            self.buffer = rest
            if self.in_data:
                self.in_data = False
                self._letter(piece)
            else:
                self._command(piece.decode("utf-8", "replace"))

    def _command(self, command: str) -> None:
        verb, mode = command[:4].upper(), self.server.mode
        if command.startswith("XMODE "):
            self.server.lines.discard(self)  # the mode does not apply to this connection
            self.task = asyncio.get_running_loop().create_task(self.server.change(Mode(command[6:].strip()), self))
            return
        self.last = ""
        if mode is Mode.HANG:
            return
        if mode is Mode.BUSY:
            self.say("421 4.3.2 busy")
            self.transport.close()
        elif verb == "EHLO":
            self.say("250 sink")
        elif verb == "MAIL":
            self.began = time.time()
            self.say("250 2.1.0 ok")
        elif verb == "RCPT" and mode is Mode.ABOUT_US:
            self.server.about_us += 1
            self.server.write(about_us=time.time())
            self.say(ABOUT_US[self.server.about_us % len(ABOUT_US)])
        elif verb == "RCPT" and REFUSED_DOMAIN in command:
            self.say("550 5.1.1 no such mailbox")
        elif verb == "DATA":
            self.in_data = True
            self.say("354 go on")
        elif verb == "QUIT":
            self.say("221 bye")
            self.transport.close()
        else:
            self.say("250 2.0.0 ok")

    def _letter(self, source: bytes) -> None:
        mode = self.server.mode
        if mode is Mode.HANG:
            return
        if mode is Mode.BUSY:
            self.say("421 4.3.2 busy")
            self.transport.close()
            return
        found, kind = _MESSAGE_ID.search(source), _KIND.search(source)
        self.last = found[1].decode() if found else ""
        self.server.write(began=self.began, at=time.time(), id=self.last, kind=kind[1].decode() if kind else "")
        if mode is Mode.CUT:
            self.hang_up()
        else:
            self.say("250 2.0.0 taken")


async def serve(port: int, path: str) -> None:
    with open(path, "a", buffering=1, encoding="utf-8") as book:
        await SinkServer(port, book).listen()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
