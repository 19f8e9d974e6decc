"""SOAP 1.1 Faults, for the refusals that come before any reply. Source: docs/contract.md, section 4, points 1 to 3."""

from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

from sessions.soap.wire_words import NOT_USABLE, REJECTED, SOAP, TOO_LARGE

CONTENT_TYPE = "text/xml; charset=utf-8"


class ClientFault(Exception):
    """The request is malformed; the message is the sentence for its author and repeats no value."""

    code = "Client"  # the local part of faultcode (SOAP 1.1, section 4.4.1)
    status = 500
    header: tuple[str, str] | None = None


class VersionMismatch(ClientFault):
    """The envelope is in another namespace: SOAP 1.2."""

    code = "VersionMismatch"


class NotUnderstood(ClientFault):
    """A header block that the client marked mustUnderstand for us."""

    code = "MustUnderstand"


class UnsupportedMediaType(ClientFault):
    """A media type or a Content-Encoding that the service does not speak. `header` names those that it does."""

    status = 415

    def __init__(self, sentence: str, header: tuple[str, str]) -> None:
        super().__init__(sentence)
        self.header = header


class TooLarge(ClientFault):
    """The body is over the limit; nothing of it was parsed."""

    status = 413

    def __init__(self) -> None:
        super().__init__(TOO_LARGE)


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
    answer = _fault(str(fault), fault.status, fault.code)
    return answer.with_header(*fault.header) if fault.header else answer


def too_large() -> HttpAnswer:
    return client(TooLarge())


def not_here(address: str) -> HttpAnswer:
    """The URL is nearly that of the service: a slash too many, another version."""
    return _fault(f"A questo indirizzo non c’è il servizio: l’indirizzo giusto è {address}", 404)


def _fault(sentence: str, status: int, code: str = ClientFault.code) -> HttpAnswer:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<env:Envelope xmlns:env="{SOAP}"><env:Body><env:Fault><faultcode>env:{code}</faultcode>'
        f"<faultstring>{escape(sentence)}</faultstring></env:Fault></env:Body></env:Envelope>"
    )
    return HttpAnswer(status, text.encode())
