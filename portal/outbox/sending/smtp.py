"""The SMTP conversation, step by step, so that every answer of the server is known.

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

from portal import measures
from portal.outbox.line_trouble import UnexpectedAnswer, words_of
from portal.outbox.reasons import Reading, Reason, read
from portal.outbox.sending.timed import TimedSmtp, TimedSmtpSsl, hang_up
from portal.secrets.masking import mask_secrets_in
from portal.values.mail_address import ascii_address

__all__ = ["ANSWERS", "ASK_IF_DELIVERED", "ASK_IF_NOT", "Answer", "SmtpLine", "whole_conversation", "words_of"]
ANSWERS = 4  # of a letter: to MAIL, to RCPT, to DATA, after the final dot
ASK_IF_NOT, ASK_IF_DELIVERED = "FAILURE,DELAY", "SUCCESS,FAILURE,DELAY"  # RFC 3461, 4.1: the reports that we want
# Of a 5xx: no further try of the letter would help. What is about us, full or «later» may pass, whatever its number: it waits.
FINAL = (Reason.DEAD, Reason.RULE, Reason.UNKNOWN)
PART_OF_LEASE = 0.9  # the rest is for writing down what was answered
_PLAIN = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")  # RFC 3461, 4: all but printable ASCII, and + and =


def whole_conversation() -> float:
    """Seconds that one letter may take from MAIL to the last answer, or a line from connecting to login."""
    whole = min(ANSWERS * float(settings.EMAIL_TIMEOUT), settings.OUTBOX_LEASE.total_seconds() * PART_OF_LEASE)
    return whole or float(settings.EMAIL_TIMEOUT)  # without a lease


class Withdrawn(Exception):
    """The letter may no longer leave: nothing of its text was said to the server."""


@dataclass(frozen=True)
class Answer:
    """What the server said last: its code, its words with every address masked, and whether it is for ever. `reading`: what
    the whole of it means, before it was cut.
    """

    code: int
    text: str
    for_ever: bool = False
    reading: Reading = field(default_factory=lambda: Reading(Reason.UNKNOWN))

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    @property
    def for_now(self) -> bool:
        return not self.accepted and not self.for_ever

    @property
    def hung_up(self) -> bool:
        """421: the server closes the line (RFC 5321, 3.8). Nothing about the letter."""
        return self.code == 421


class SmtpLine:
    """One connection to the server of EMAIL_URL, kept for a whole round and opened again when it was lost."""

    def __init__(self) -> None:
        self._used = False  # a letter went through this connection
        self._backend = _TimedBackend()

    @property
    def is_open(self) -> bool:
        return self._backend.connection is not None

    def open(self) -> bool:
        """True when it was not open before. Raises OSError (of which SMTPException is one) when the server cannot be reached or
        does not want us, within whole_conversation() seconds.
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
    ) -> Answer | None:
        """One letter, on an open line, in `within` seconds (whole_conversation()). `may_leave` is asked after the server took the
        addresses, just before the text. `notify`: the reports that we want of it (RFC 3461, 4.1), where the server makes them.

        Raises OSError when the connection is lost or silent or the server answers what nobody can understand, ValueError on an
        unusable address, Withdrawn when `may_leave` says no.

        A server may end a connection after so many letters or so many idle seconds. None: it ended one that was used, before
        the text had left; on a new one the letter never knows, if there is still time.
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
    ) -> Answer | None:
        used = self._used
        try:
            refused = self._envelope(sender, recipient, notify)
        except SMTPServerDisconnected:
            if not used:
                raise
            refused = Answer(421, "421")
        if refused is not None and refused.hung_up and used:
            self.drop()
            return None
        if refused is None and not may_leave():
            raise Withdrawn
        return refused or self._text(source)

    def _envelope(self, sender: str, recipient: str, notify: str) -> Answer | None:
        """MAIL and RCPT; None when both were accepted."""
        connection = self._connection
        dsn = connection.has_extn("dsn")
        # a report need not bring our letter back, which may hold a code (RFC 3461, 4.3)
        code, words = connection.mail(sender, ["RET=HDRS"] if dsn else [])
        if _digit(code) != 2:
            # about us and not about the letter, whatever it says
            return replace(_refusal(code, words), for_ever=False, reading=Reading(Reason.ABOUT_US))
        # Django's reading of an address costs as much as the conversation: only where the address is out of the ordinary
        address = recipient if _PLAIN.fullmatch(recipient) else _unusual(recipient)
        # 252: it cannot say whether the mailbox is there, and takes the letter (RFC 5321, 3.5.3)
        code, words = connection.rcpt(address, [f"NOTIFY={notify}", f"ORCPT=rfc822;{_xtext(address)}"] if dsn else [])
        return None if _digit(code) == 2 else _refusal(code, words)

    def _text(self, source: bytes) -> Answer:
        connection = self._connection
        code, words = connection.docmd("DATA")
        if _digit(code) != 3:
            return _refusal(code, words)
        self._used = True
        code, words = _text_to(connection, source)
        return _answer(code, words) if _digit(code) == 2 else _refusal(code, words)

    def reset(self) -> None:
        """Leaves the conversation clean for the next letter; a server that hung up is called again."""
        self._give(float(settings.EMAIL_TIMEOUT))
        try:
            if not self.is_open or _digit(self._connection.rset()[0]) != 2:
                self.drop()
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Hangs up without a word: after a silence QUIT would wait as long again."""
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
        assert self._backend.connection is not None  # noqa: S101  open() came before
        connection: TimedSmtp = self._backend.connection
        return connection

    def _give(self, seconds: float) -> None:
        """The deadline of what comes now."""
        self._backend.ends = monotonic() + seconds
        if self.is_open:
            self._connection.ends = self._backend.ends


class _TimedBackend(EmailBackend):
    """Django's knows TLS and login (EMAIL_BACKEND is the outbox); connecting has a deadline here."""

    ends = 0.0
    connection: TimedSmtp | None
    _partial_connection: TimedSmtp | None

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """Every Python verifies a server alike. Since 3.13 the default also refuses certificates with less than RFC 5280 asks, as
        authorities of one house sign them, and takes one of ours that is no root (VERIFY_X509_STRICT, VERIFY_X509_PARTIAL_CHAIN).
        """
        context: ssl.SSLContext = super().ssl_context
        context.verify_flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    @property
    def connection_class(self) -> Any:
        return partial(TimedSmtpSsl if self.use_ssl else TimedSmtp, ends=self.ends)

    @property
    def half_open(self) -> TimedSmtp | None:
        """What was connected and did not come to the end of TLS or login."""
        return self._partial_connection

    @half_open.setter
    def half_open(self, value: None) -> None:
        self._partial_connection = value


def _digit(code: int) -> int:
    return code // 100


def _unusual(recipient: str) -> str:
    """As the envelope wants it. Raises ValueError: Django would write to another domain (IDNA 2003) or in an encoded word."""
    address = ascii_address(recipient)
    if not address.isascii():
        raise ValueError("the address has no ASCII form")
    return sanitize_address(address, "utf-8")


def _text_to(connection: TimedSmtp, source: bytes) -> tuple[int, bytes]:
    """Everything after DATA, as smtplib writes it: a line that begins with a dot gets another."""
    lines = (b"." + line if line.startswith(b".") else line for line in source.splitlines())
    connection.send(b"\r\n".join(lines) + b"\r\n.\r\n")
    return connection.getreply()


def _refusal(code: int, words: bytes) -> Answer:
    """Raises UnexpectedAnswer for what is neither «later» nor «never»: a 250 to DATA is no delivery."""
    if _digit(code) not in (4, 5):
        raise UnexpectedAnswer(code)
    return _answer(code, words)


def _answer(code: int, words: bytes) -> Answer:
    text = words.decode("utf-8", "replace")
    one_line = "".join(c for c in " ".join(f"{code} {text}".split()) if c.isprintable())
    reading = read(one_line)
    for_ever = _digit(code) == 5 and reading.reason in FINAL
    return Answer(code, mask_secrets_in(one_line)[:300], for_ever, reading)


def _xtext(address: str) -> str:
    return _NOT_XTEXT.sub(lambda found: "".join(f"+{byte:02X}" for byte in found[0].encode()), address)
