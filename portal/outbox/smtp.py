"""The SMTP conversation, step by step, so that every answer of the server is known."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from smtplib import SMTP, SMTPDataError, SMTPException, SMTPResponseException, SMTPServerDisconnected

from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from portal import measures
from portal.mail_address import ascii_address
from portal.masking import mask_secrets_in

_PLAIN = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")


class Withdrawn(Exception):  # noqa: N818  a fact, as the domain says it
    """The letter may no longer leave: nothing of its text was said to the server."""


@dataclass(frozen=True)
class Answer:
    """What the server said last: its code, its words with every address masked, and whether it is for ever."""

    code: int
    text: str
    for_ever: bool = False

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
        self._backend = EmailBackend()  # Django's knows TLS, login and time-outs; EMAIL_BACKEND is the outbox

    @property
    def is_open(self) -> bool:
        return self._backend.connection is not None

    def open(self) -> bool:
        """True when it was not open before. Raises OSError (of which SMTPException is one) when the server cannot be reached or
        does not want us.
        """
        opened = bool(self._backend.open())
        if opened:
            self._used = False
        try:
            self._backend.connection.ehlo_or_helo_if_needed()  # type: ignore[union-attr]
        except OSError:
            self.drop()
            raise
        return opened

    def hand_over(
        self, sender: str, recipient: str, source: bytes, may_leave: Callable[[], bool] = lambda: True
    ) -> Answer | None:
        """One letter, on an open line. `may_leave` is asked after the server took the addresses, just before the text.

        Raises OSError when the connection is lost or silent, ValueError on an unusable address, Withdrawn when `may_leave` says no.

        A server may end a connection after so many letters or so many idle seconds. None: it ended one that was used, before
        the text had left; on a new one the letter never knows, if there is still time.
        """
        with measures.smtp() as outcome:
            try:
                answer = self._converse(sender, recipient, source, may_leave)
            except Withdrawn:
                outcome.append("withdrawn")
                raise
            if answer is None:
                outcome.append("ended")
            else:
                outcome.append("accepted" if answer.accepted else "refused for ever" if answer.for_ever else "later")
        return answer

    def _converse(self, sender: str, recipient: str, source: bytes, may_leave: Callable[[], bool]) -> Answer | None:
        used = self._used
        try:
            refused = self._envelope(sender, recipient)
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

    def _envelope(self, sender: str, recipient: str) -> Answer | None:
        """MAIL and RCPT; None when both were accepted."""
        connection: SMTP = self._backend.connection  # type: ignore[assignment]
        words: bytes | str
        # a report need not bring our letter back, which may hold a code (RFC 3461, 4.3)
        code, words = connection.mail(sender, ["RET=HDRS"] if connection.has_extn("dsn") else [])
        if code != 250:
            return _answer(code, words)  # about us, not about the letter: never for ever
        # Django's reading of an address costs as much as the conversation: only where the address is out of the ordinary
        if not _PLAIN.fullmatch(recipient):
            recipient = _unusual(recipient)
        code, words = connection.rcpt(recipient)
        if code not in (250, 251):
            return _answer(code, words, for_ever=code >= 500)
        return None

    def _text(self, source: bytes) -> Answer:
        connection: SMTP = self._backend.connection  # type: ignore[assignment]
        words: bytes | str
        try:
            code, words = connection.data(b"\r\n".join(source.splitlines()) + b"\r\n")
        except SMTPDataError as error:
            code, words = error.smtp_code, error.smtp_error
        self._used = True
        return _answer(code, words, for_ever=code >= 500)

    def reset(self) -> None:
        """Leaves the conversation clean for the next letter; a server that hung up is called again."""
        connection: SMTP | None = self._backend.connection
        try:
            if connection is None or connection.rset()[0] != 250:
                self.drop()
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Hangs up without a word: after a silence QUIT would wait as long again."""
        connection: SMTP | None = self._backend.connection
        self._backend.connection = None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self._backend.close()
        self._backend.connection = None


def _unusual(recipient: str) -> str:
    """As the envelope wants it. Raises ValueError: Django would write to another domain (IDNA 2003) or in an encoded word."""
    address = ascii_address(recipient)
    if not address.isascii():
        raise ValueError("the address has no ASCII form")
    return sanitize_address(address, "utf-8")


def _answer(code: int, words: bytes | str, *, for_ever: bool = False) -> Answer:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    one_line = "".join(c for c in " ".join(f"{code} {text}".split()) if c.isprintable())
    return Answer(code, mask_secrets_in(one_line)[:300], for_ever)


def words_of(error: OSError) -> str:
    """What may be said and logged of a conversation that broke: never an address, never a password."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # smtplib wraps it
        return "nessuna risposta in tempo"
    if isinstance(error, SMTPServerDisconnected):
        return "ha chiuso la connessione"
    if isinstance(error, SMTPResponseException):
        return f"risposta {error.smtp_code}"
    return type(error).__name__ if isinstance(error, SMTPException) else "connessione non riuscita"
