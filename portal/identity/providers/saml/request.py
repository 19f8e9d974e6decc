"""Builds the AuthnRequest, for the Redirect and the POST binding."""

import base64
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from lxml import etree

from portal.identity.providers.saml import documents, signing
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.keys import KeyPair
from portal.identity.providers.saml.names import (
    ASSERTION,
    ENTITY,
    PROTOCOL,
    RSA_SHA256,
    SPID_EXTENSIONS,
    TRANSIENT,
    child,
    level_uri,
    saml,
    samlp,
)
from portal.identity.providers.saml.service_provider import ServiceProvider


@dataclass(frozen=True)
class AuthnRequest:
    """A request for a new authentication (ForceAuthn); index 0 of our metadata gives the answer URL and the attributes."""

    id: str
    provider: ProviderMetadata
    element: etree._Element
    pair: KeyPair

    def signed_address(self, state: str) -> str:
        """The URL of the Redirect binding (SAML bindings, 3.4): deflated request, signed query."""
        packed = zlib.compress(etree.tostring(self.element), wbits=-15)
        query = urlencode({"SAMLRequest": base64.b64encode(packed).decode(), "RelayState": state, "SigAlg": RSA_SHA256})
        signature = urlencode({"Signature": signing.sign_query(query, self.pair)})
        separator = "&" if "?" in self.provider.address else "?"
        return f"{self.provider.address}{separator}{query}&{signature}"

    def signed_fields(self, state: str) -> dict[str, str]:
        """The form fields of the POST binding (SAML bindings, 3.5): the request with an enveloped signature."""
        signed = signing.sign(self.element, self.pair, after=saml("Issuer"))
        return {"SAMLRequest": base64.b64encode(etree.tostring(signed)).decode(), "RelayState": state}


def carried_by(address: str) -> bytes:
    """The AuthnRequest inside a URL of the Redirect binding, for display; empty when there is none."""
    try:
        return zlib.decompress(base64.b64decode(parse_qs(urlsplit(address).query)["SAMLRequest"][0]), wbits=-15)
    except (KeyError, ValueError, zlib.error):
        return b""


def authn_request(
    service: ServiceProvider, provider: ProviderMetadata, level: int, now: datetime, purpose: str = ""
) -> AuthnRequest:
    """The AuthnRequest to this provider for `level` or above, issued now; with a `purpose`, for an identity for professional
    use (SPID, Avviso 18).
    """
    number = f"_{secrets.token_hex(20)}"
    root = etree.Element(
        samlp("AuthnRequest"),
        {
            "ID": number, "Version": "2.0", "IssueInstant": documents.written(now), "Destination": provider.address,
            "ForceAuthn": "true", "AssertionConsumerServiceIndex": "0", "AttributeConsumingServiceIndex": "0",
        },
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
    )  # fmt: skip
    child(root, saml("Issuer"), service.entity_id, Format=ENTITY, NameQualifier=service.entity_id)
    if purpose:
        extensions = etree.SubElement(root, samlp("Extensions"), nsmap={"spid": SPID_EXTENSIONS})
        child(extensions, f"{{{SPID_EXTENSIONS}}}Purpose", purpose)
    child(root, samlp("NameIDPolicy"), Format=TRANSIENT)
    context = child(root, samlp("RequestedAuthnContext"), Comparison="minimum")
    child(context, saml("AuthnContextClassRef"), level_uri(level))
    return AuthnRequest(number, provider, root, service.pair)
