"""The claims of the id_token and of the userinfo. The faults and the tests change them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from portal.identity.providers.oidc.answer import half_hash
from portal.identity.providers.saml.names import level_uri

GOOD_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class OpenidAnswer:
    """The content of one OpenID Connect login. Instants in UTC."""

    issuer: str
    audience: str
    nonce: str
    at: datetime
    authenticated_at: datetime
    level: int
    person: Mapping[str, str]
    subject: str = field(default_factory=lambda: secrets.token_hex(16))


def id_claims(answer: OpenidAnswer, access_token: str) -> dict[str, Any]:
    """Returns the claims of the id_token that goes with this access token."""
    return _envelope(answer) | {
        "nonce": answer.nonce,
        "acr": level_uri(answer.level),
        "auth_time": int(answer.authenticated_at.timestamp()),
        "at_hash": half_hash(access_token),
    }


def person_claims(answer: OpenidAnswer) -> dict[str, Any]:
    """Returns the claims of the userinfo."""
    return _envelope(answer) | dict(answer.person)


def _envelope(answer: OpenidAnswer) -> dict[str, Any]:
    return {
        "iss": answer.issuer,
        "sub": answer.subject,
        "aud": answer.audience,
        "iat": int(answer.at.timestamp()),
        "exp": int((answer.at + GOOD_FOR).timestamp()),
        "jti": secrets.token_hex(16),
    }
