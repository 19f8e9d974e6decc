"""The signed authorization request that the browser carries to the provider.

Source: SPID/CIE OpenID Connect, "Authorization endpoint". It requests given name, family name and codice
fiscale. The date of birth, required by the minimum set of CIE's SAML metadata, is not needed here.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from portal.identity.providers.oidc import jose
from portal.identity.providers.oidc.relying_party import RelyingParty
from portal.identity.providers.saml.names import level_uri
from portal.secrets.codes import keyed_hash

GOOD_FOR = timedelta(minutes=5)
FISCAL_NUMBER = "https://attributes.eid.gov.it/fiscal_number"
ASKED_FOR = ("given_name", "family_name", FISCAL_NUMBER)


@dataclass(frozen=True)
class OpenIdRequest:
    """The id (`jti`) of the request, the signed JWT, and the URL for the browser."""

    id: str
    document: str
    address: str


def nonce_of(state: str) -> str:
    """The nonce that the id_token must repeat: derived from the state with SECRET_KEY, so that it needs no storage."""
    return keyed_hash("oidc-nonce", state)


def verifier_of(state: str) -> str:
    """The PKCE code verifier (RFC 7636), derived as the nonce is: the browser knows the state but not SECRET_KEY."""
    return keyed_hash("oidc-code-verifier", state)


def challenge_of(verifier: str) -> str:
    """The PKCE code challenge, method S256."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def authorization_request(
    party: RelyingParty, provider: Mapping[str, Any], state: str, level: int, now: datetime
) -> OpenIdRequest:
    """Requests a new authentication at this level or above, with consent."""
    number = secrets.token_hex(16)
    plain = {
        "client_id": party.entity_id,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": challenge_of(verifier_of(state)),
        "code_challenge_method": "S256",
    }
    claims = {
        "iss": party.entity_id,
        "aud": [provider["issuer"]],
        "iat": int(now.timestamp()),
        "exp": int((now + GOOD_FOR).timestamp()),
        "jti": number,
        "redirect_uri": party.answer_address,
        "state": state,
        "nonce": nonce_of(state),
        "acr_values": level_uri(level),
        "prompt": "consent login",
        "ui_locales": "it",
        "claims": {"userinfo": {name: {"essential": True} for name in ASKED_FOR}},
    }
    document = jose.signed(plain | claims, party.signing.first)
    endpoint = str(provider["authorization_endpoint"])
    query = urlencode(plain | {"request": document})
    return OpenIdRequest(number, document, f"{endpoint}{'&' if '?' in endpoint else '?'}{query}")
