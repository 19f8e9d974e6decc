"""A SAML identity provider for invented people: reads the portal's signed question, answers with its own key."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from lxml import etree

from portal.demo.identity.answers import GOOD_FOR, SamlAnswer
from portal.identity.providers.saml import documents, entities, service_provider, signing
from portal.identity.providers.saml.documents import MalformedXml
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.keys import KeyPair, made_once
from portal.identity.providers.saml.names import (
    METADATA,
    PROTOCOL,
    REDIRECT,
    RSA_SHA256,
    SIGNATURE,
    child,
    ds,
    md,
    saml,
    samlp,
)
from portal.identity.providers.saml.service_provider import Organisation, ServiceProvider

ORGANISATION = Organisation(
    name="Ente di prova", display_name="Ente di prova", url="https://ente-di-prova.example",
    email="spid@ente-di-prova.example", telephone="+390000000000", ipa_code="prova", municipality="022205", province="TN",
)  # fmt: skip


@dataclass(frozen=True)
class StubQuestion:
    """What the portal asked, once its signature was checked. `shown` is the request, to be read by a person."""

    state: str
    request_id: str = ""
    shown: str = ""


def portal_as_service_provider() -> ServiceProvider:
    """The portal of the demonstration, with a key of its own."""
    return ServiceProvider(settings.SAML_ENTITY_ID, _kept("portale"), ORGANISATION)


def key_of(method: str) -> KeyPair:
    """What the stub of this method signs with."""
    return _kept(f"gestore-{method}")


def strangers_key() -> KeyPair:
    """A key that the portal has never heard of."""
    return _kept("sconosciuto")


def entity_id(method: str) -> str:
    return f"{settings.STUB_IDENTITY_URL}{reverse('demo:identity_provider', args=[method])}"


def metadata(method: str) -> bytes:
    """What the stub publishes of itself."""
    root = etree.Element(md("EntityDescriptor"), entityID=entity_id(method), nsmap={"md": METADATA, "ds": SIGNATURE})
    role = child(root, md("IDPSSODescriptor"), protocolSupportEnumeration=PROTOCOL, WantAuthnRequestsSigned="true")
    data = child(child(child(role, md("KeyDescriptor"), use="signing"), ds("KeyInfo")), ds("X509Data"))
    child(data, ds("X509Certificate"), _base64_of(key_of(method)))
    child(role, md("SingleSignOnService"), Binding=REDIRECT, Location=entity_id(method))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def provider(method: str) -> ProviderMetadata:
    """The same, as the portal reads it."""
    return _read(metadata(method))


def same_site() -> bool:
    """True when the stubs live on the portal's own address, under whatever name of this machine the browser uses."""
    return bool(settings.STUB_IDENTITY_URL == settings.PORTAL_URL)


def question(method: str, request: HttpRequest, now: datetime) -> StubQuestion | None:
    """The question in the address (Redirect binding); None when the portal did not sign it, or long ago, or for another."""
    raw = dict(part.partition("=")[::2] for part in request.META.get("QUERY_STRING", "").split("&"))
    query = "&".join(f"{name}={raw.get(name, '')}" for name in ("SAMLRequest", "RelayState", "SigAlg"))
    ours = portal_as_service_provider()
    known = request.GET.get("SigAlg") == RSA_SHA256
    if not (known and signing.query_is_signed(query, request.GET.get("Signature", ""), [ours.pair.certificate])):
        return None
    try:
        root = documents.validate(documents.parse(_inflated(request.GET["SAMLRequest"])), "protocol")
        asked_at = documents.instant(root.get("IssueInstant", ""))
    except (MalformedXml, ValueError, zlib.error):
        return None
    for_us = root.get("Destination") == entity_id(method) and root.tag == samlp("AuthnRequest")
    if not for_us or root.findtext(saml("Issuer")) != ours.entity_id or now >= asked_at + settings.LOGIN_PENDING_FOR:
        return None
    return StubQuestion(request.GET.get("RelayState", ""), root.get("ID", ""), readable(root))


def answer(method: str, asked: StubQuestion, claims: Mapping[str, object], outcome: str, now: datetime) -> SamlAnswer:
    """The right answer to this question."""
    return SamlAnswer(
        issuer=entity_id(method),
        request_id=asked.request_id,
        audience=portal_as_service_provider().entity_id,
        address=service_provider.addresses(method).answer,
        at=now,
        good_until=now + GOOD_FOR,
        authenticated_at=now,
        level=int(str(claims["level"])),
        attributes=_attributes(method, claims),
        error="" if outcome == "ok" else outcome,
    )


def readable(root: etree._Element) -> str:
    """The document on lines, for a person, long base64 cut; the copy that is sent has neither spaces nor cuts."""
    copy = etree.fromstring(etree.tostring(root))
    for each in copy.iter(ds("SignatureValue"), ds("X509Certificate")):
        each.text = f"{(each.text or '').strip()[:24]}…"
    etree.indent(copy, space="  ")
    return etree.tostring(copy, encoding="unicode")


def _attributes(method: str, claims: Mapping[str, object]) -> dict[str, str]:
    found = {
        "name": str(claims["given_name"]),
        "familyName": str(claims["family_name"]),
        "fiscalNumber": str(claims["fiscal_number"]),
    }
    return found | ({"dateOfBirth": "1980-01-01"} if method == "cie" else {})  # asked for, and kept nowhere


def _inflated(field: str) -> bytes:
    unpacking = zlib.decompressobj(wbits=-15)
    return unpacking.decompress(base64.b64decode(field), documents.LARGEST + 1)


def _kept(name: str) -> KeyPair:
    return made_once(settings.VAR_DIR / "saml", name)


def _base64_of(pair: KeyPair) -> str:
    return base64.b64encode(pair.certificate.public_bytes(Encoding.DER)).decode()


@lru_cache(maxsize=8)
def _read(body: bytes) -> ProviderMetadata:
    return entities.read(body)[0]
