"""What is asked of the provider: the signed request that the browser carries.

Source: SPID/CIE OpenID Connect, "Authorization endpoint". We ask for name, family name and codice fiscale: the date of birth,
which the SAML metadata of CIE have in their minimum set, is not needed and here need not be asked for.
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
    """The number of the request, the signed request itself, and the address that the browser goes to."""

    id: str
    document: str
    address: str


def nonce_of(state: str) -> str:
    """What the id_token must repeat: of this login only, and of nobody who does not know SECRET_KEY. Nothing to be stored."""
    return keyed_hash("oidc-nonce", state)


def verifier_of(state: str) -> str:
    """The secret behind the code (PKCE, RFC 7636), made as the nonce is: the browser knows the state and cannot make it."""
    return keyed_hash("oidc-code-verifier", state)


def challenge_of(verifier: str) -> str:
    """S256."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def authorization_request(
    party: RelyingParty, provider: Mapping[str, Any], state: str, level: int, now: datetime
) -> OpenIdRequest:
    """Asks for a new authentication at this level or above, and for the consent."""
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
