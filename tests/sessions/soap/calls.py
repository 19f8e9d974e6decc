"""A gestionale's requests, written by hand, and its replies, parsed without namespaces."""

import base64
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from django.http import HttpResponse
from django.test import Client
from lxml import etree

from sessions.models import PincodeCertificate
from sessions.soap.schema import FOLDER, SCHEMAS

URL = "/a2f-auth-ws/soap/v1/authentication-service"
MESSAGES = "http://authservice.xsd.wsdl.auth.a2f.sts.sanita.finanze.it"
TYPES = "http://datatype.xsd.wsdl.auth.a2f.sts.sanita.finanze.it"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ELEMENTS = {"create": "CreateAuthReq", "revoke": "RevokeAuthReq", "checkToken": "CheckTokenReq"}
INNER = {"tipo", "valore", "chiave", "opzione"}
ORDER = ["codEsito", "errori", "infoToken", "info", "comunicazioni"]


@cache
def schema() -> etree.XMLSchema:
    """Our schema; tests/conformance/test_facts.py compares it with the official facts."""
    return etree.XMLSchema(etree.parse(str(FOLDER / SCHEMAS[0])))


def assert_sound(root: Any) -> None:
    """Asserts the schema, and the order that flat readers need."""
    message = root[0][0]
    schema().assertValid(message)
    names = [etree.QName(child).localname for child in message]
    assert names == sorted(names, key=ORDER.index)
    assert len(set(names)) == len(names)


def basic(user_id: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user_id}:{password}".encode()).decode()


def encrypted(pincode: str) -> str:
    """Encrypts with the certificate that a gestionale downloads."""
    row = PincodeCertificate.objects.order_by("-pk").first()
    key: Any = x509.load_pem_x509_certificate(row.certificate.encode()).public_key()
    return base64.b64encode(key.encrypt(pincode.encode(), padding.PKCS1v15())).decode()


def xml(name: str, value: object) -> str:
    """An element of a message; a dict or a list of pairs is nested; None is absent."""
    if value is None:
        return ""
    prefix = "t" if name in INNER else "m"
    if isinstance(value, dict):
        value = list(value.items())
    inner = escape(value) if isinstance(value, str) else "".join(xml(*pair) for pair in value)
    return f"<{prefix}:{name}>{inner}</{prefix}:{name}>"


def envelope(operation: str, fields: dict[str, Any]) -> str:
    name = ELEMENTS[operation]
    inner = "".join(xml(key, value) for key, value in fields.items())
    return (
        f'<e:Envelope xmlns:e="{SOAP}"><e:Body><m:{name} xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">{inner}</m:{name}>'
        "</e:Body></e:Envelope>"
    )


def timeless(body: bytes) -> str:
    """The reply without the values that differ from call to call: for golden replies."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", body.decode())
    return re.sub(r"\d+,\d{3}<", "SECONDS<", text)


@dataclass
class ServiceReply:
    response: HttpResponse

    def __post_init__(self) -> None:
        if self.status == 200:
            assert_sound(self.root)
            assert self.response["Content-Type"] == "text/xml; charset=utf-8"

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def root(self) -> Any:
        return etree.fromstring(self.response.content)

    @property
    def leaves(self) -> list[tuple[str, str]]:
        """The leaf elements, without namespaces."""
        return [(etree.QName(el).localname, el.text or "") for el in self.root.iter() if len(el) == 0]

    @property
    def done(self) -> bool:
        return self.status == 200 and self.leaves[0] == ("codEsito", "0")

    @property
    def error(self) -> tuple[str, str, str]:
        """tipoErrore, codEsito, descrEsito."""
        assert self.leaves[0] == ("codEsito", "1"), self.leaves
        assert [name for name, _ in self.leaves[1:4]] == ["tipoErrore", "codEsito", "descrEsito"]
        return tuple(value for _, value in self.leaves[1:4])

    @property
    def code(self) -> str:
        return self.error[1] if self.status == 200 else f"HTTP {self.status} {self.fault}"

    @property
    def fault_code(self) -> str:
        """The name of a Fault, without its prefix."""
        name, value = self.leaves[0]
        assert (name, value.partition(":")[0]) == ("faultcode", "env"), self.leaves
        return value.partition(":")[2]

    @property
    def fault(self) -> str:
        """The sentence of a Fault."""
        assert self.fault_code in ("Client", "MustUnderstand", "VersionMismatch")
        return dict(self.leaves)["faultstring"]

    @property
    def info(self) -> tuple[str, str] | None:
        found = self.root.findall(f".//{{{MESSAGES}}}info")
        assert len(found) < 2
        return (found[0][0].text, found[0][1].text) if found else None

    @property
    def notes(self) -> list[tuple[str, str]]:
        return [(el[0].text, el[1].text) for el in self.root.iter(f"{{{TYPES}}}comunicazione")]

    @property
    def token(self) -> str:
        name, value = self.notes[0]
        assert name == "token"
        return value

    @property
    def timeless(self) -> str:
        return timeless(self.response.content)


@dataclass
class Gestionale:
    """One utenza with its secrets; makes calls."""

    user_id: str
    password: str
    fields: dict[str, Any]
    http: Client

    def message(self, operation: str, **changes: Any) -> str:
        names = ["userId", "identificativo", "cfUtente", "codRegione", "codAslAo", "codSsa", "codiceStruttura", "token"]
        names += ["contesto", "applicazione", "opzioni", "infoAggiuntive"]
        values = {**self.fields, **changes}
        if operation != "create":
            values = {k: v for k, v in values.items() if k in changes or not k.startswith("cod")}
        return envelope(operation, {name: values[name] for name in names if values.get(name) is not None})

    def post(self, body: str | bytes, **headers: Any) -> ServiceReply:
        headers = {
            "HTTP_AUTHORIZATION": basic(self.user_id, self.password),
            "content_type": "text/xml; charset=utf-8",
            **headers,
        }
        headers = {name: value for name, value in headers.items() if value is not None}
        content_type = headers.pop("content_type", "text/xml")
        data = body if isinstance(body, bytes) else body.encode()
        return ServiceReply(self.http.generic("POST", URL, data, content_type, **headers))

    def call(self, operation: str, **changes: Any) -> ServiceReply:
        return self.post(self.message(operation, **changes))

    def create(self, **changes: Any) -> ServiceReply:
        return self.call("create", **changes)

    def check(self, token: str | None, **changes: Any) -> ServiceReply:
        return self.call("checkToken", token=token, **changes)

    def revoke(self, token: str | None, **changes: Any) -> ServiceReply:
        return self.call("revoke", token=token, **changes)


def gestionale(utenza: Any, password: str = "SALVE", pincode: str = "1729594276") -> Gestionale:
    fields = {
        "userId": utenza.user_id, "identificativo": {"tipo": "P", "valore": encrypted(pincode)},
        "cfUtente": utenza.codice_fiscale, "codRegione": utenza.codice_regione, "codAslAo": utenza.codice_asl,
        "codSsa": utenza.codice_ssa, "contesto": "RICETTA-DEM", "applicazione": "EROGATORE",
    }  # fmt: skip
    return Gestionale(utenza.user_id, password, fields, Client(raise_request_exception=False))
