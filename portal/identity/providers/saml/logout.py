"""Single logout started by a provider: verifies its signed LogoutRequest and makes our signed LogoutResponse.

Source: SAML core 3.7, bindings 3.4 and 3.5; SPID technical rules, "Single Logout". Rare, because at level 2 providers keep
no session. The portal's own «Esci» does not involve the provider.
"""

import base64
import secrets
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote_plus, urlencode

from django.http import HttpRequest
from lxml import etree

from portal.identity.identity import CLOCKS_DIFFER_BY, LoginRefused
from portal.identity.providers.saml import documents, entities, signing
from portal.identity.providers.saml.documents import MalformedXml
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.names import (
    ASSERTION,
    ENTITY,
    PROTOCOL,
    REDIRECT,
    RSA_SHA256,
    SUCCESS,
    child,
    saml,
    samlp,
)
from portal.identity.providers.saml.response import decoded
from portal.identity.providers.saml.service_provider import ServiceProvider
from portal.identity.providers.saml.signing import SignatureWrong
from portal.secrets.codes import keyed_hash

GOOD_FOR = timedelta(minutes=5)
LONGEST_STATE = 80  # characters of RelayState (SAML bindings, 3.4.3)
_SIGNED = ("SAMLRequest", "RelayState", "SigAlg")  # signed query parameters, in this order (SAML bindings, 3.4.4.1)


@dataclass(frozen=True)
class BelievedLogout:
    """A verified LogoutRequest: provider, session names, id, and the RelayState to return."""

    provider: ProviderMetadata
    session_names: list[str]
    request_id: str
    state: str


def session_names(issuer: str, name_id: str, indexes: Iterable[str]) -> list[str]:
    """Keyed hashes of a NameID in each of the provider's sessions (SessionIndex); "" means all sessions (SAML core, 3.7.1)."""
    return [keyed_hash("saml-session", "\n".join((issuer, name_id, index))) for index in indexes]


def believed(
    request: HttpRequest, providers: Sequence[ProviderMetadata], address: str, now: datetime
) -> BelievedLogout:
    """Verifies a request by Redirect (signed query) or POST (signed document). Raises LoginRefused and nothing else."""
    try:
        by_post = request.method == "POST"
        raw = {} if by_post else _raw_query(request)
        fields = request.POST if by_post else {name: unquote_plus(value) for name, value in raw.items()}
        body = decoded(fields.get("SAMLRequest", ""))
        root = documents.validate(documents.parse(body if by_post else _inflated(body)), "protocol")
        provider = entities.find(providers, documents.text_of(root.find(saml("Issuer"))))
        if root.tag != samlp("LogoutRequest") or provider is None:
            raise LoginRefused("not-asked", "no request of a provider that is loaded")
        if by_post:
            root = signing.verified(root, provider.certificates, now)
        elif not _is_signed(raw, provider, now):
            raise SignatureWrong("the query")
        _check(root, address, now)
        names = _sessions_of(root, provider.entity_id)
    except (MalformedXml, SignatureWrong, zlib.error) as error:
        raise LoginRefused("signature", str(error)) from error
    return BelievedLogout(provider, names, root.get("ID", ""), str(fields.get("RelayState", ""))[:LONGEST_STATE])


def answer_address(logout: BelievedLogout, service: ServiceProvider, now: datetime) -> str:
    """The URL with our signed LogoutResponse; empty when the provider has no Redirect endpoint for it."""
    address = next((at for binding, at in logout.provider.sign_out if binding == REDIRECT), "")
    if not address:
        return ""
    root = etree.Element(
        samlp("LogoutResponse"),
        {
            "ID": f"_{secrets.token_hex(20)}", "Version": "2.0", "IssueInstant": documents.written(now),
            "Destination": address, "InResponseTo": logout.request_id,
        },
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
    )  # fmt: skip
    child(root, saml("Issuer"), service.entity_id, Format=ENTITY, NameQualifier=service.entity_id)
    child(child(root, samlp("Status")), samlp("StatusCode"), Value=SUCCESS)
    packed = base64.b64encode(zlib.compress(etree.tostring(root), wbits=-15)).decode()
    state = {"RelayState": logout.state} if logout.state else {}
    query = urlencode({"SAMLResponse": packed, **state, "SigAlg": RSA_SHA256})
    signature = urlencode({"Signature": signing.sign_query(query, service.pair)})
    return f"{address}{'&' if '?' in address else '?'}{query}&{signature}"


def _sessions_of(root: etree._Element, issuer: str) -> list[str]:
    """The session names of the listed SessionIndexes; without any, of all sessions of the NameID. Raises MalformedXml."""
    name_id = documents.text_of(root.find(saml("NameID")))
    if not name_id:
        raise MalformedXml("NameID")
    indexes = [documents.text_of(index) for index in root.findall(samlp("SessionIndex"))]
    return session_names(issuer, name_id, indexes or [""])


def _check(root: etree._Element, address: str, now: datetime) -> None:
    """Checks destination and times. Raises LoginRefused and MalformedXml."""
    issued_at, until = documents.instant(root.get("IssueInstant", "")), root.get("NotOnOrAfter")
    if root.get("Destination") != address:
        raise LoginRefused("not-for-us", "Destination")
    if not now - GOOD_FOR <= issued_at <= now + CLOCKS_DIFFER_BY or (until and documents.instant(until) <= now):
        raise LoginRefused("answer-expired", "LogoutRequest")


def _raw_query(request: HttpRequest) -> dict[str, str]:
    """The query parameters still encoded, so that the portal reads exactly the signed bytes. Raises SignatureWrong.

    Refuses duplicate names, encoded names (`SAML%52equest`) and names outside the binding, which could hide a second value.
    """
    parts = [part.partition("=")[::2] for part in request.META.get("QUERY_STRING", "").split("&")]
    raw = dict(parts)
    if len(raw) != len(parts) or not set(raw) <= {*_SIGNED, "Signature"}:
        raise SignatureWrong("the names of the query")
    return raw


def _is_signed(raw: dict[str, str], provider: ProviderMetadata, now: datetime) -> bool:
    """Verifies the signature over the encoded parameters, in the order of the binding."""
    query = "&".join(f"{name}={raw[name]}" for name in _SIGNED if name in raw)
    good = [
        certificate
        for certificate in provider.certificates
        if certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
    ]
    signature = unquote_plus(raw.get("Signature", ""))
    return unquote_plus(raw.get("SigAlg", "")) == RSA_SHA256 and signing.query_is_signed(query, signature, good)


def _inflated(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=-15)
    return unpacking.decompress(body, documents.LARGEST + 1)
