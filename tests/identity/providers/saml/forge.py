"""Forges responses for attacks: captures requests, builds valid responses, changes them, posts them to the portal."""

import base64
import re
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import etree

from portal.demo.identity import answers
from portal.demo.identity.answers import StubSamlAnswer
from portal.identity.providers.saml.keys import KeyPair
from portal.identity.providers.saml.names import METADATA, PROTOCOL, REDIRECT, child, ds, md, saml
from portal.identity.providers.saml.signing import sign
from tests.conftest import ANNA
from tests.identity.door import attributes, signed_in


@dataclass(frozen=True)
class Registered:
    """A provider whose metadata the portal has loaded."""

    entity_id: str
    pair: KeyPair


@dataclass(frozen=True)
class CapturedRequest:
    """The AuthnRequest that the browser carried to the provider."""

    provider: Registered
    request: etree._Element
    state: str
    client: Client
    door: str

    @property
    def right(self) -> StubSamlAnswer:
        """An honest provider's response about Anna; change it with `replace`."""
        now = timezone.now()
        return StubSamlAnswer(
            issuer=self.provider.entity_id, request_id=self.request.get("ID", ""), audience="http://127.0.0.1:8000",
            address=f"http://127.0.0.1:8000{self.door}", at=now, good_until=now + timedelta(minutes=5),
            authenticated_at=now, level=2, attributes=attributes(),
        )  # fmt: skip

    def signed(self, pair: KeyPair | None = None, **changed: object) -> etree._Element:
        return answers.signed(replace(self.right, **changed), pair or self.provider.pair)

    def around(self, assertion: etree._Element, **said: str) -> etree._Element:
        """A Response with this assertion, both signed by the provider: only the provider itself could make it.

        `said`: attributes of the Response that it says otherwise.
        """
        response = answers.envelope(self.right)
        for name, value in said.items():
            response.set(name, value)
        response.append(sign(assertion, self.provider.pair, after=saml("Issuer")))
        return sign(response, self.provider.pair, after=saml("Issuer"))

    def send(self, document: etree._Element | bytes, **fields: str) -> HttpResponse:
        body = document if isinstance(document, bytes) else etree.tostring(document)
        sent = {"SAMLResponse": base64.b64encode(body).decode(), "RelayState": self.state}
        return self.client.post(self.door, sent | fields)

    def refused(self, document: etree._Element | bytes, **fields: str) -> HttpResponse:
        """Asserts that nobody was signed in and that the page gives the reason."""
        response = self.send(document, **fields)
        assert response.status_code in (400, 403), response.status_code
        assert not signed_in(self.client)
        return response

    def accepted(self, document: etree._Element | bytes) -> None:
        assert self.send(document).status_code == 302
        assert signed_in(self.client)
        assert self.client.session["identity_with"].startswith(("SPID", "CIE"))


@lru_cache(maxsize=16)
def pair(name: str, good_for: timedelta = timedelta(days=3650), size: int = 2048) -> KeyPair:
    """A key and a self-signed certificate, valid since 2020."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=size)
    return KeyPair(key, certificate_of(key, name, good_for))


def certificate_of(key: rsa.RSAPrivateKey, name: str, good_for: timedelta = timedelta(days=3650)) -> x509.Certificate:
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    since = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since)
    return builder.not_valid_after(since + good_for).sign(key, hashes.SHA256())


def metadata(entity_id: str, certificates: list[x509.Certificate], binding: str = REDIRECT) -> bytes:
    """The metadata that a provider publishes."""
    root = etree.Element(md("EntityDescriptor"), entityID=entity_id, nsmap={"md": METADATA})
    role = child(root, md("IDPSSODescriptor"), protocolSupportEnumeration=PROTOCOL)
    for certificate in certificates:
        data = child(child(child(role, md("KeyDescriptor"), use="signing"), ds("KeyInfo")), ds("X509Data"))
        child(data, ds("X509Certificate"), base64.b64encode(certificate.public_bytes(Encoding.DER)).decode())
    child(role, md("SingleSignOnService"), Binding=binding, Location=f"{entity_id}/accedi")
    return etree.tostring(root)


def registered(folder: Path, name: str, door: str = "spid", binding: str = REDIRECT, **known: object) -> Registered:
    """Loads a provider; `certificates` are listed in its metadata (default: its own)."""
    provider = Registered(f"https://{name}.example", pair(name))
    certificates = known.get("certificates") or [provider.pair.certificate]
    (folder / door).mkdir(exist_ok=True)
    (folder / door / f"{name}.xml").write_bytes(metadata(provider.entity_id, certificates, binding))
    return provider


def ask(
    client: Client, provider: Registered, door: str = "spid", next_url: str = "", *, professional: bool = False
) -> CapturedRequest:
    """Begins a login with this provider and captures the request; `professional`: at the second button."""
    choice = {"gestore": provider.entity_id, "next": next_url}
    button = "identity:start_professional" if professional else "identity:start"
    response = client.post(reverse(button, args=[door]), choice)
    assert response.status_code == 302
    assert response["Location"].startswith(f"{provider.entity_id}/accedi?")
    question, state = request_in(response["Location"]), parse_qs(urlsplit(response["Location"]).query)["RelayState"][0]
    return CapturedRequest(provider, question, state, client, reverse("identity:answer", args=[door]))


def request_in(address: str) -> etree._Element:
    """The AuthnRequest in an address of the Redirect binding."""
    packed = parse_qs(urlsplit(address).query)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), wbits=-15))


def decoded(page: str) -> bytes:
    """The AuthnRequest in the form of the POST binding."""
    found = re.search(r'name="SAMLRequest" value="([^"]+)"', page)
    assert found is not None
    return base64.b64decode(found[1])


def evil(root: etree._Element) -> None:
    """Changes Anna's response to Dario's."""
    for value in root.iter("{urn:oasis:names:tc:SAML:2.0:assertion}AttributeValue"):
        value.text = (value.text or "").replace(ANNA, "VRDDRA82C03L219M")
