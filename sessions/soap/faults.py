"""SOAP 1.1 Faults, for the refusals that come before any reply. Source: docs/contract.md, section 4, points 1 to 3."""

from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

from sessions.soap.wire_words import NOT_USABLE, REJECTED, SOAP

CONTENT_TYPE = "text/xml; charset=utf-8"


class ClientFault(Exception):
    """The request is malformed; the message is the sentence for its author and repeats no value."""


@dataclass(frozen=True)
class HttpAnswer:
    """An HTTP response of the service. Always XML; no cache may store it."""

    status: int
    body: bytes = field(repr=False)
    more: tuple[tuple[str, str], ...] = ()

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [
            ("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(self.body))), ("Cache-Control", "no-store"),
            *self.more,
        ]  # fmt: skip

    def with_header(self, name: str, value: str) -> "HttpAnswer":
        return replace(self, more=(*self.more, (name, value)))


def rejected() -> HttpAnswer:
    """Basic is absent, malformed or wrong: the same answer for all three."""
    return _fault(REJECTED, 401).with_header("WWW-Authenticate", 'Basic realm="login"')


def not_usable() -> HttpAnswer:
    """The utenza is disabled or blocked."""
    return _fault(NOT_USABLE, 500)


def client(fault: ClientFault) -> HttpAnswer:
    return _fault(str(fault), 500)


def too_large() -> HttpAnswer:
    """The body is over the limit; nothing of it was parsed."""
    return _fault("Il messaggio supera la dimensione massima consentita di 64 KiB.", 413)


def _fault(sentence: str, status: int) -> HttpAnswer:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<env:Envelope xmlns:env="{SOAP}"><env:Body><env:Fault><faultcode>env:Client</faultcode>'
        f"<faultstring>{escape(sentence)}</faultstring></env:Fault></env:Body></env:Envelope>"
    )
    return HttpAnswer(status, text.encode())
