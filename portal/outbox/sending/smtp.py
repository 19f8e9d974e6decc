"""The SMTP conversation, command by command, so that every answer of the server is checked.

The first digit of an answer decides (RFC 5321, 4.2.1), and only a 2xx after the final dot is a delivery.
"""

import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from smtplib import SMTPServerDisconnected
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address
from django.utils.functional import cached_property

from portal import measures, tls
from portal.outbox.line_trouble import UnexpectedAnswer, words_of
from portal.outbox.reasons import Reading, Reason, read
from portal.outbox.sending.timed import TimedSmtp, TimedSmtpSsl, hang_up
from portal.secrets.masking import mask_secrets_in
from portal.values.mail_address import ascii_address

__all__ = ["ANSWERS", "ASK_IF_DELIVERED", "ASK_IF_NOT", "SmtpAnswer", "SmtpLine", "whole_conversation", "words_of"]
ANSWERS = 4  # per letter: to MAIL, RCPT, DATA and the final dot
ASK_IF_NOT, ASK_IF_DELIVERED = "FAILURE,DELAY", "SUCCESS,FAILURE,DELAY"  # RFC 3461, 4.1: the reports to request
# A 5xx with one of these reasons is final. Any other reason (about the portal, mailbox full, «later») may pass: the letter waits.
FINAL = (Reason.DEAD, Reason.RULE, Reason.UNKNOWN)
PART_OF_LEASE = 0.9  # leaves time to write the answer down
_PLAIN = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")  # RFC 3461, 4: not printable ASCII, or + or =


def whole_conversation() -> float:
    """Seconds allowed from MAIL to the last answer of a letter, and from connecting to the end of the login."""
    whole = min(ANSWERS * float(settings.EMAIL_TIMEOUT), settings.OUTBOX_LEASE.total_seconds() * PART_OF_LEASE)
    return whole or float(settings.EMAIL_TIMEOUT)  # when the lease is 0


class Withdrawn(Exception):
    """The letter may no longer leave; none of its text was sent to the server."""


@dataclass(frozen=True)
class SmtpAnswer:
    """The last answer of the server to a letter."""

    code: int
    text: str  # code and words on one line, addresses and codes masked, 300 characters at most
    for_ever: bool = False  # a final refusal
    reading: Reading = field(default_factory=lambda: Reading(Reason.UNKNOWN))  # of the whole answer, before the cut

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    @property
    def for_now(self) -> bool:
        return not self.accepted and not self.for_ever

    @property
    def hung_up(self) -> bool:
        """421: the server closes the connection (RFC 5321, 3.8); it says nothing about the letter."""
        return self.code == 421


class SmtpLine:
    """One connection to the server of EMAIL_URL, kept for a whole round and reopened when lost."""

    def __init__(self) -> None:
        self._used = False  # a letter went through this connection
        self._backend = _TimedBackend()

    @property
    def is_open(self) -> bool:
        return self._backend.connection is not None

    def open(self) -> bool:
        """Opens the connection if it is closed, within whole_conversation() seconds; True when it was closed.

        Raises OSError (SMTPException is one) when the server cannot be reached or refuses the portal.
        """
        self._give(whole_conversation())
        try:
            opened = bool(self._backend.open())
            if opened:
                self._used = False
            self._connection.ehlo_or_helo_if_needed()
        except OSError:
            self.drop()
            raise
        return opened

    def hand_over(
        self,
        sender: str,
        recipient: str,
        source: bytes,
        may_leave: Callable[[], bool] = lambda: True,
        *,
        within: float | None = None,
        notify: str = ASK_IF_NOT,
    ) -> SmtpAnswer | None:
        """Hands over one letter on an open connection, within `within` seconds (default: whole_conversation()).

        Calls `may_leave` after the server accepted the addresses, just before the text. `notify`: the reports to request
        (RFC 3461, 4.1), if the server supports them. Returns None when the server closed a connection that had carried a letter,
        before the text was sent: servers end connections after some letters or idle seconds, and the caller may retry on a new
        one.

        Raises OSError when the connection is lost or silent or the answer cannot be understood, ValueError on an unusable
        address, Withdrawn when `may_leave` returns False.
        """
        self._give(whole_conversation() if within is None else within)
        with measures.smtp() as outcome:
            try:
                answer = self._converse(sender, recipient, source, may_leave, notify)
            except Withdrawn:
                outcome.append("withdrawn")
                raise
            if answer is None:
                outcome.append("ended")
            else:
                outcome.append("accepted" if answer.accepted else "refused for ever" if answer.for_ever else "later")
        return answer

    def _converse(
        self, sender: str, recipient: str, source: bytes, may_leave: Callable[[], bool], notify: str
    ) -> SmtpAnswer | None:
        used = self._used
        try:
            refused = self._envelope(sender, recipient, notify)
        except SMTPServerDisconnected:
            if not used:
                raise
            refused = SmtpAnswer(421, "421")
        if refused is not None and refused.hung_up and used:
            self.drop()
            return None
        if refused is None and not may_leave():
            raise Withdrawn
        return refused or self._text(source)

    def _envelope(self, sender: str, recipient: str, notify: str) -> SmtpAnswer | None:
        """Sends MAIL and RCPT; None when both were accepted."""
        connection = self._connection
        dsn = connection.has_extn("dsn")
        # RET=HDRS: a report must not return the letter, which may hold a code (RFC 3461, 4.3)
        code, words = connection.mail(sender, ["RET=HDRS"] if dsn else [])
        if _digit(code) != 2:
            # a refusal of the sender is about the portal, not about the letter
            return replace(_refusal(code, words), for_ever=False, reading=Reading(Reason.ABOUT_US))
        # Django's parsing of an address costs as much as the conversation: use it for unusual addresses only
        address = recipient if _PLAIN.fullmatch(recipient) else _unusual(recipient)
        # 252: the server cannot verify the mailbox, and accepts the letter (RFC 5321, 3.5.3)
        code, words = connection.rcpt(address, [f"NOTIFY={notify}", f"ORCPT=rfc822;{_xtext(address)}"] if dsn else [])
        return None if _digit(code) == 2 else _refusal(code, words)

    def _text(self, source: bytes) -> SmtpAnswer:
        connection = self._connection
        code, words = connection.docmd("DATA")
        if _digit(code) != 3:
            return _refusal(code, words)
        self._used = True
        code, words = _text_to(connection, source)
        return _answer(code, words) if _digit(code) == 2 else _refusal(code, words)

    def reset(self) -> None:
        """Resets the conversation for the next letter; drops the connection if that fails."""
        self._give(float(settings.EMAIL_TIMEOUT))
        try:
            if not self.is_open or _digit(self._connection.rset()[0]) != 2:
                self.drop()
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Closes the connection without QUIT, which would time out again on a silent server."""
        hang_up(self._backend.connection)
        hang_up(self._backend.half_open)
        self._backend.connection = self._backend.half_open = None

    def close(self) -> None:
        self._give(float(settings.EMAIL_TIMEOUT))
        with suppress(OSError):
            self._backend.close()
        self.drop()

    @property
    def _connection(self) -> TimedSmtp:
        assert self._backend.connection is not None  # noqa: S101  the caller has called open()
        connection: TimedSmtp = self._backend.connection
        return connection

    def _give(self, seconds: float) -> None:
        """Sets the deadline of the next step."""
        self._backend.ends = monotonic() + seconds
        if self.is_open:
            self._connection.ends = self._backend.ends


class _TimedBackend(EmailBackend):
    """Django's SMTP backend, for TLS and login, with a deadline for connecting."""

    ends = 0.0
    connection: TimedSmtp | None
    _partial_connection: TimedSmtp | None

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return tls.by_our_rule(super().ssl_context)

    @property
    def connection_class(self) -> Any:
        return partial(TimedSmtpSsl if self.use_ssl else TimedSmtp, ends=self.ends)

    @property
    def half_open(self) -> TimedSmtp | None:
        """A connection that failed during TLS or login."""
        return self._partial_connection

    @half_open.setter
    def half_open(self, value: None) -> None:
        self._partial_connection = value


def _digit(code: int) -> int:
    return code // 100


def _unusual(recipient: str) -> str:
    """The address in the form of the envelope.

    Raises ValueError when it has no ASCII form: Django would send to another domain (IDNA 2003) or write an encoded word.
    """
    address = ascii_address(recipient)
    if not address.isascii():
        raise ValueError("the address has no ASCII form")
    return sanitize_address(address, "utf-8")


def _text_to(connection: TimedSmtp, source: bytes) -> tuple[int, bytes]:
    """Sends the text after DATA as smtplib does, with a second dot before a leading dot; returns the answer."""
    lines = (b"." + line if line.startswith(b".") else line for line in source.splitlines())
    connection.send(b"\r\n".join(lines) + b"\r\n.\r\n")
    return connection.getreply()


def _refusal(code: int, words: bytes) -> SmtpAnswer:
    """The answer of a 4xx or 5xx. Raises UnexpectedAnswer for any other code: a 250 to DATA is no delivery."""
    if _digit(code) not in (4, 5):
        raise UnexpectedAnswer(code)
    return _answer(code, words)


def _answer(code: int, words: bytes) -> SmtpAnswer:
    text = words.decode("utf-8", "replace")
    one_line = "".join(c for c in " ".join(f"{code} {text}".split()) if c.isprintable())
    reading = read(one_line)
    for_ever = _digit(code) == 5 and reading.reason in FINAL
    return SmtpAnswer(code, mask_secrets_in(one_line)[:300], for_ever, reading)


def _xtext(address: str) -> str:
    return _NOT_XTEXT.sub(lambda found: "".join(f"+{byte:02X}" for byte in found[0].encode()), address)
