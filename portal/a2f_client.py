"""A client of an A2F web service, and of the gate in front of a dispensing service, as a gestionale needs it.

Works with any endpoint, this portal's or another. Source: docs/contract.md, sections 1-3 and 7. Times in seconds. It logs
nothing, and masks the password in the texts that it keeps for display.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from xml.sax.saxutils import escape

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

PATH = "/a2f-auth-ws/soap/v1/authentication-service"
GATE = "/a2f/gate"
ACTION = "http://wsdl.auth.a2f.sts.sanita.finanze.it"
MESSAGES = "http://authservice.xsd.wsdl.auth.a2f.sts.sanita.finanze.it"
TYPES = "http://datatype.xsd.wsdl.auth.a2f.sts.sanita.finanze.it"
TIMEOUT = httpx.Timeout(15, connect=5)
LARGEST_REPLY = 1_000_000  # bytes
MASKED = "Basic ••••••••"


class NoAnswer(Exception):
    """Il servizio non risponde."""


class NotACertificate(Exception):
    """Il file non è un certificato RSA, PEM o DER."""


@dataclass(frozen=True)
class Account:
    """The utenza that calls, and the person for whom it calls."""

    user_id: str
    password: str = field(repr=False)
    codice_fiscale: str
    codes: tuple[str, str, str] = ("", "", "")  # regione, ASL/AO, SSA: on create only
    valore: str = field(default="", repr=False)  # the pincode, encrypted
    tipo: str = "P"


@dataclass(frozen=True)
class Purpose:
    contesto: str
    applicazione: str = ""


@dataclass(frozen=True)
class Error:
    kind: str  # W, E, F
    code: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind} {self.code}: {self.words}".strip()


@dataclass(frozen=True)
class A2fReply:
    """The content of a reply's body."""

    outcome: str = ""  # codEsito: "0" done, "1" not done
    errors: tuple[Error, ...] = ()
    state: str = ""  # infoToken/descrizione
    valid_until: datetime | None = None
    info: dict[str, str] = field(default_factory=dict, repr=False)  # info and comunicazioni; in TEST it holds the id
    fault: str = ""

    @property
    def is_done(self) -> bool:
        return self.outcome == "0"

    @property
    def token(self) -> str:
        return self.info.get("token", "")


@dataclass(frozen=True)
class Exchange:
    """One call, as it went over the wire; the password is masked in `sent`."""

    sent: str = field(repr=False)
    received: str = field(repr=False)
    status: int
    reply: A2fReply
    headers: httpx.Headers = field(repr=False)


def encrypt(pincode: str, certificate: bytes) -> str:
    """Encrypts the pincode with the public key of the certificate (PEM or DER): RSA PKCS#1 v1.5, base64. Raises NotACertificate."""
    try:
        is_text = b"-----BEGIN" in certificate
        parsed = x509.load_pem_x509_certificate(certificate) if is_text else x509.load_der_x509_certificate(certificate)
    except ValueError as error:
        raise NotACertificate from error
    key = parsed.public_key()
    if not isinstance(key, RSAPublicKey):
        raise NotACertificate
    return base64.b64encode(key.encrypt(pincode.encode(), PKCS1v15())).decode()


def create(client: httpx.Client, url: str, account: Account, purpose: Purpose) -> Exchange:
    """Requests an id. Raises NoAnswer."""
    region, asl, ssa = account.codes
    codes = {"codRegione": region, "codAslAo": asl, "codSsa": ssa, "codiceStruttura": ""}
    return _call(client, url, account, "create", "CreateAuthReq", _fields(account, purpose, before=codes))


def check(client: httpx.Client, url: str, account: Account, purpose: Purpose, token: str) -> Exchange:
    """Reads the state of an id. Raises NoAnswer."""
    fields = _fields(account, purpose, before={"token": token})
    return _call(client, url, account, "checkToken", "CheckTokenReq", fields)


def revoke(client: httpx.Client, url: str, account: Account, purpose: Purpose, token: str) -> Exchange:
    """Revokes an id. Raises NoAnswer."""
    return _call(client, url, account, "revoke", "RevokeAuthReq", _fields(account, purpose, before={"token": token}))


def use(client: httpx.Client, url: str, account: Account, purpose: Purpose, token: str) -> Exchange:
    """Asks the gate at `url` whether a call may pass: 204 is yes, 403 carries X-A2F-Reason. Raises NoAnswer."""
    query = {"contesto": purpose.contesto, "applicazione": purpose.applicazione}
    headers = {b"Authorization2F": f"Bearer {token}".encode()} if token else {}
    return _send(client, client.build_request("POST", url, params=query, headers=headers), account, "")


def _fields(account: Account, purpose: Purpose, before: dict[str, str]) -> str:
    """The elements in the order of the schema, without empty ones except codiceStruttura."""
    identificativo = (
        f"<aut:identificativo><dat:tipo>{escape(account.tipo)}</dat:tipo>"
        f"<dat:valore>{escape(account.valore)}</dat:valore></aut:identificativo>"
    )
    values = {
        "userId": account.user_id, "identificativo": identificativo if account.valore else "",
        "cfUtente": account.codice_fiscale, **before, "contesto": purpose.contesto,
        "applicazione": purpose.applicazione,
    }  # fmt: skip
    return "".join(
        value if name == "identificativo" else f"<aut:{name}>{escape(value)}</aut:{name}>"
        for name, value in values.items()
        if value or name == "codiceStruttura"
    )


def _call(client: httpx.Client, url: str, account: Account, action: str, element: str, fields: str) -> Exchange:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:aut="{MESSAGES}" xmlns:dat="{TYPES}"><soapenv:Header/><soapenv:Body>'
        f"<aut:{element}>{fields}</aut:{element}></soapenv:Body></soapenv:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ACTION}/{action}"'}
    return _send(client, client.build_request("POST", url, content=body.encode(), headers=headers), account, body)


def _send(client: httpx.Client, request: httpx.Request, account: Account, body: str) -> Exchange:
    """Sends the request with Basic in UTF-8 (section 7). Follows no redirect, which would send the password elsewhere."""
    proof = base64.b64encode(f"{account.user_id}:{account.password}".encode()).decode()
    request.headers["Authorization"] = f"Basic {proof}"
    try:
        response = client.send(request, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswer(why(error)) from None  # from None: the error holds the request with the password
    if len(response.content) > LARGEST_REPLY:
        raise NoAnswer("Il servizio ha risposto con troppi dati.")
    return Exchange(
        sent=f"{_shown_request(request)}\n\n{_pretty(body)}".strip(),
        received=f"{_shown_reply(response)}\n\n{_pretty(response.text)}".strip(),
        status=response.status_code,
        reply=_read(response.content),
        headers=response.headers,
    )


def why(error: Exception) -> str:
    """The cause of a failed call, as an Italian sentence."""
    if isinstance(error, httpx.TimeoutException):
        return "Il servizio non ha risposto in tempo."
    if isinstance(error, httpx.ConnectError):
        return "Il servizio non risponde: spento, irraggiungibile, o l’indirizzo è sbagliato."
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "L’indirizzo del servizio non è valido."
    return "La conversazione con il servizio si è interrotta."


def _shown_request(request: httpx.Request) -> str:
    wanted = ("content-type", "soapaction", "authorization", "authorization2f")
    lines = [
        f"{name.decode()}: {MASKED if name.lower() == b'authorization' else value.decode()}"
        for name, value in request.headers.raw
        if name.decode().lower() in wanted
    ]
    return "\n".join([f"{request.method} {request.url}", *lines])


def _shown_reply(response: httpx.Response) -> str:
    wanted = ("content-type", "www-authenticate", "x-a2f-")
    lines = [
        f"{name.decode()}: {value.decode('latin-1')}"
        for name, value in response.headers.raw
        if name.decode().lower().startswith(wanted)
    ]
    return "\n".join([f"HTTP {response.status_code} {response.reason_phrase}", *lines])


def _parsed(content: bytes) -> "etree._Element | None":
    """Parses XML without fetching anything or resolving entities; None when it is not XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _pretty(text: str) -> str:
    root = _parsed(text.encode())
    if root is None:
        return text
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))


def _read(content: bytes) -> A2fReply:
    root = _parsed(content)
    if root is None:
        return A2fReply()
    fault = _text(root, "//*[local-name()='Fault']/faultstring")
    pairs = [*_pairs(root, "comunicazione", "codice", "messaggio"), *_pairs(root, "info", "chiave", "valore")]
    errors = [
        Error(_text(element, "*[local-name()='tipoErrore']"), _text(element, "*[local-name()='codEsito']"), _text(element, "*[local-name()='descrEsito']"))
        for element in _found(root, "//*[local-name()='errore']")
    ]  # fmt: skip
    until = _text(root, "//*[local-name()='dataFineValidita']")
    return A2fReply(
        outcome=_text(root, "//*[local-name()='codEsito'][not(ancestor::*[local-name()='errore'])]"),
        errors=tuple(errors),
        state=_text(root, "//*[local-name()='infoToken']/*[local-name()='descrizione']"),
        valid_until=moment(until),
        info=dict(pairs),
        fault=fault,
    )


def moment(text: str) -> datetime | None:
    """Parses an xs:dateTime that has an offset; None for any other text."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else None


def _pairs(root: "etree._Element", name: str, key: str, value: str) -> list[tuple[str, str]]:
    return [
        (_text(element, f"*[local-name()='{key}']"), _text(element, f"*[local-name()='{value}']"))
        for element in _found(root, f"//*[local-name()='{name}']")
    ]


def _found(root: "etree._Element", path: str) -> "list[etree._Element]":
    found = root.xpath(path)
    return [element for element in found if isinstance(element, etree._Element)] if isinstance(found, list) else []


def _text(root: "etree._Element", path: str) -> str:
    return next(((element.text or "").strip() for element in _found(root, path)), "")
