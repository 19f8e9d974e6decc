"""The messages between the portal and the stub TS-CNS: a signed request and a signed answer.

Each provider signs with its own private key, and the portal verifies with the public key.
"""

import base64
import binascii
import json
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core import signing
from django.utils.crypto import salted_hmac

from portal.identity.identity import LoginRefused

_REQUEST_SALT = "portal.demo.identity.request"
_LONGEST_ANSWER = 8_000  # characters


def request_for(method: str, state: str) -> str:
    """Returns the portal's signed request to a stub provider."""
    return signing.dumps({"method": method, "state": state}, salt=_REQUEST_SALT)


def state_in_request(method: str, request: str, good_for: timedelta) -> str | None:
    """Returns the state of the request; None when it is not the portal's, is for another provider, or is too old."""
    try:
        content = signing.loads(request, salt=_REQUEST_SALT, max_age=good_for)
    except signing.BadSignature:
        return None
    return str(content["state"]) if content["method"] == method else None


def signed(method: str, claims: dict[str, Any]) -> str:
    """Returns `<claims>.<signature>`, both base64url."""
    body = json.dumps(claims, separators=(",", ":")).encode()
    return f"{_text(body)}.{_text(_private_key(method).sign(body))}"


def verified(method: str, answer: str) -> dict[str, Any]:
    """Verifies the answer and returns the claims that this provider signed. Raises LoginRefused."""
    body, _, signature = answer.partition(".")
    try:
        if len(answer) > _LONGEST_ANSWER:
            raise ValueError
        content = _bytes(body)
        _public_key(method).verify(_bytes(signature), content)
        claims = json.loads(content)
    except (InvalidSignature, ValueError) as error:  # binascii.Error and JSONDecodeError are ValueErrors
        raise LoginRefused("signature") from error
    return claims if isinstance(claims, dict) else {}


def _private_key(method: str) -> Ed25519PrivateKey:
    seed = salted_hmac("portal.demo.identity.key", method, algorithm="sha256").digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public_key(method: str) -> Ed25519PublicKey:
    return _private_key(method).public_key()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(value: str) -> bytes:
    if not value.isascii():
        raise binascii.Error
    return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
