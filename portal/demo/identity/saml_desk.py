"""A stub SAML identity provider: reads the portal's signed request and answers with its own key."""

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

from portal.demo.identity.answers import GOOD_FOR, StubSamlAnswer
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
    SPID_EXTENSIONS,
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
    """The portal's request, after its signature was verified. `shown`: the request as readable text; `purpose`: its Purpose."""

    state: str
    request_id: str = ""
    shown: str = ""
    purpose: str = ""


def portal_as_service_provider() -> ServiceProvider:
    """Returns the demonstration's portal as a service provider, with its own key."""
    return ServiceProvider(settings.SAML_ENTITY_ID, _kept("portale"), ORGANISATION)


def key_of(method: str) -> KeyPair:
    """Returns the signing key of this stub."""
    return _kept(f"gestore-{method}")


def strangers_key() -> KeyPair:
    """Returns a key unknown to the portal."""
    return _kept("sconosciuto")


def entity_id(method: str) -> str:
    return f"{settings.STUB_IDENTITY_URL}{reverse('demo:identity_provider', args=[method])}"


def metadata(method: str) -> bytes:
    """Returns the stub's metadata document."""
    root = etree.Element(md("EntityDescriptor"), entityID=entity_id(method), nsmap={"md": METADATA, "ds": SIGNATURE})
    role = child(root, md("IDPSSODescriptor"), protocolSupportEnumeration=PROTOCOL, WantAuthnRequestsSigned="true")
    data = child(child(child(role, md("KeyDescriptor"), use="signing"), ds("KeyInfo")), ds("X509Data"))
    child(data, ds("X509Certificate"), _base64_of(key_of(method)))
    child(role, md("SingleSignOnService"), Binding=REDIRECT, Location=entity_id(method))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def provider(method: str) -> ProviderMetadata:
    """Returns the stub's metadata as the portal reads it."""
    return _read(metadata(method))


def same_site() -> bool:
    """True when the stubs share the portal's address."""
    return bool(settings.STUB_IDENTITY_URL == settings.PORTAL_URL)


def question(method: str, request: HttpRequest, now: datetime) -> StubQuestion | None:
    """Reads the request in the URL (Redirect binding); None unless the portal signed it, recently, for this provider."""
    raw = dict(part.partition("=")[::2] for part in request.META.get("QUERY_STRING", "").split("&"))
    query = "&".join(f"{name}={raw.get(name, '')}" for name in ("SAMLRequest", "RelayState", "SigAlg"))
    portal = portal_as_service_provider()
    known = request.GET.get("SigAlg") == RSA_SHA256
    if not (known and signing.query_is_signed(query, request.GET.get("Signature", ""), [portal.pair.certificate])):
        return None
    try:
        root = documents.validate(documents.parse(_inflated(request.GET["SAMLRequest"])), "protocol")
        issued_at = documents.instant(root.get("IssueInstant", ""))
    except (MalformedXml, ValueError, zlib.error):
        return None
    for_us = root.get("Destination") == entity_id(method) and root.tag == samlp("AuthnRequest")
    if not for_us or root.findtext(saml("Issuer")) != portal.entity_id or now >= issued_at + settings.LOGIN_PENDING_FOR:
        return None
    purpose = root.findtext(f"{samlp('Extensions')}/{{{SPID_EXTENSIONS}}}Purpose") or ""
    return StubQuestion(request.GET.get("RelayState", ""), root.get("ID", ""), readable(root), purpose)


def answer(
    method: str, question: StubQuestion, claims: Mapping[str, object], outcome: str, now: datetime
) -> StubSamlAnswer:
    """Returns the correct answer to this request."""
    return StubSamlAnswer(
        issuer=entity_id(method),
        request_id=question.request_id,
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
    """Returns the document indented for a person, with long base64 values cut. The sent document stays unchanged."""
    copy = etree.fromstring(etree.tostring(root))
    for element in copy.iter(ds("SignatureValue"), ds("X509Certificate")):
        element.text = f"{(element.text or '').strip()[:24]}…"
    etree.indent(copy, space="  ")
    return etree.tostring(copy, encoding="unicode")


def _attributes(method: str, claims: Mapping[str, object]) -> dict[str, str]:
    found = {
        "name": str(claims["given_name"]),
        "familyName": str(claims["family_name"]),
        "fiscalNumber": str(claims["fiscal_number"]),
    }
    return found | ({"dateOfBirth": "1980-01-01"} if method == "cie" else {})  # requested, but never stored


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
