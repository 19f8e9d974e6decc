"""SMTP with a deadline for the whole conversation. smtplib's timeout is per read: a server that sends one byte a second never
exceeds it.
"""

import socket
import ssl
from contextlib import suppress
from smtplib import SMTP, SMTP_SSL, SMTPServerDisconnected
from time import monotonic
from typing import Any

LONGEST_ANSWER = 64 * 1024  # bytes; RFC 5321 allows 512 a line, and an answer has a few lines
PIECE = 16 * 1024  # bytes per send()


class TimedSmtp(SMTP):
    """An SMTP connection with two limits: `patience` and `ends`.

    `patience`: seconds for each whole answer. `ends`: the deadline (time.monotonic) of the conversation, for connecting, TLS and
    login too.
    """

    def __init__(self, *args: Any, ends: float, **options: Any) -> None:
        self.ends = ends
        super().__init__(*args, **options)

    def left(self, most: float | None = None) -> float:
        """Seconds until the deadline, but at most `most` (default: `patience`). Raises TimeoutError when none are left."""
        left = min(self.ends - monotonic(), self.patience if most is None else most)
        if left <= 0:
            raise TimeoutError("the deadline of the conversation has passed")
        return left

    @property
    def patience(self) -> float:
        return float(self.timeout)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = _Answers(self)
        self.file.begin()
        return super().getreply()

    def send(self, s: Any) -> None:
        """Raises SMTPServerDisconnected, as smtplib does, with the TimeoutError as its context."""
        if self.sock is None:
            raise SMTPServerDisconnected("please run connect() first")
        waiting = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else bytes(s))
        try:
            while waiting:
                self.sock.settimeout(self.left())
                waiting = waiting[self.sock.send(waiting[:PIECE]) :]
        except OSError:
            self.close()
            raise SMTPServerDisconnected("Server not connected") from None

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connects to the first address of `host` that answers in time. Raises the OSError of the last address."""
        last: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            line = socket.socket(family, kind, protocol)
            try:
                line.settimeout(self.left())
                line.connect(address)
            except OSError as error:
                line.close()
                last = error
            else:
                return line
        raise last or OSError("no address")


class TimedSmtpSsl(TimedSmtp, SMTP_SSL):
    """TimedSmtp with TLS from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = super()._get_socket(host, port, timeout)
        line.settimeout(self.left())  # for the handshake
        return self.context.wrap_socket(line, server_hostname=host)


class _Answers:
    """Reads the answers of the server line by line; smtplib uses it in place of a file."""

    def __init__(self, line: TimedSmtp) -> None:
        self._line, self._buffer = line, b""
        self.begin()

    def begin(self) -> None:
        """Starts the time limit of the next answer."""
        self._ends, self._read = monotonic() + self._line.patience, 0

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self._buffer and len(self._buffer) < limit:
            piece = self._receive()
            if not piece:
                break
            self._buffer += piece
        end = min(self._buffer.find(b"\n") + 1 or len(self._buffer), limit)
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def _receive(self) -> bytes:
        line = self._line.sock
        if line is None or self._read > LONGEST_ANSWER:
            raise OSError("an answer without end")
        line.settimeout(self._line.left(self._ends - monotonic()))
        piece = line.recv(4096)
        self._read += len(piece)
        return piece

    def close(self) -> None:
        """Does nothing: smtplib closes its file, and closes the socket separately."""


def hang_up(line: SMTP | None) -> None:
    """Closes the connection without QUIT, which would time out again on a silent server."""
    if line is not None:
        with suppress(OSError, ssl.SSLError):
            line.close()
