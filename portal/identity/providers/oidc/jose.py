"""Signs, verifies, encrypts and decrypts JWTs, with the algorithms of the Italian profile only.

Sources: RFC 7515 to 7519; SPID/CIE OpenID Connect, "Algoritmi crittografici" (none and HS* are forbidden).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from joserfc import jwe, jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from portal.identity.providers.saml.keys import SMALLEST_KEY

SIGNED_AS, KEY_SEALED_AS, SEALED_AS = "RS256", "RSA-OAEP-256", "A256CBC-HS512"
LARGEST = 128_000  # characters of one token

# Exceptions of the library for input that is not a token.
_NOT_A_TOKEN = (JoseError, ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError)


class _Signed(jws.JWSRegistry):
    max_header_length = 8_192  # some headers carry a certificate, which is ignored


_SIGNED = _Signed(algorithms=[SIGNED_AS], strict_check_header=False)
_SEALED = jwe.JWERegistry(algorithms=[KEY_SEALED_AS, SEALED_AS], strict_check_header=False)


class NotTrusted(Exception):
    """Not signed by a trusted key, not encrypted to us, or malformed; `str()` says which and never quotes the token."""


def signed(claims: Mapping[str, Any], key: RSAKey, kind: str = "") -> str:
    """Signs the claims as a JWT; `kind` is its `typ`."""
    header = {"alg": SIGNED_AS, "kid": key.kid} | ({"typ": kind} if kind else {})
    return jwt.encode(header, dict(claims), key, registry=_SIGNED, default_type=None)


def verified(token: str, keys: Iterable[RSAKey], kind: str = "") -> dict[str, Any]:
    """The claims of a JWT signed by one of these keys; with `kind`, only of that `typ`. Raises NotTrusted.

    `kid` selects among the trusted keys; keys and URLs inside the header are ignored.
    """
    try:
        if len(token) > LARGEST:
            raise NotTrusted("too large")
        found = jws.extract_compact(token.encode("ascii"), registry=_SIGNED)
        header = found.headers()
        if "crit" in header:  # names extensions to understand (RFC 7515, section 4.1.11): we know none
            raise NotTrusted("crit")
        if kind and header.get("typ") != kind:
            raise NotTrusted("typ")
        named = [key for key in keys if key.kid == header.get("kid")]
        if not any(jws.validate_compact(found, key, registry=_SIGNED) for key in named):
            raise NotTrusted("signature" if named else "kid")
        return _object(found.payload)
    except _NOT_A_TOKEN as error:
        raise NotTrusted(type(error).__name__) from error


def opened(token: str, keys: Sequence[RSAKey]) -> str:
    """Decrypts a JWE with one of our keys. Raises NotTrusted."""
    for key in keys:
        try:
            return _plaintext(token, key).decode("ascii")
        except _NOT_A_TOKEN:
            continue
    raise NotTrusted("not encrypted to us")


def sealed(text: str, key: RSAKey) -> str:
    """Encrypts the text to this public key (JWE)."""
    header = {"alg": KEY_SEALED_AS, "enc": SEALED_AS, "cty": "JWT", "kid": key.kid}
    return jwe.encrypt_compact(header, text, key, registry=_SEALED)


def unverified(token: str) -> dict[str, Any]:
    """The claims of a JWT without checking its signature: only for hints and for display. Raises NotTrusted."""
    try:
        if len(token) > LARGEST:
            raise NotTrusted("too large")
        return _object(jws.extract_compact(token.encode("ascii"), registry=_SIGNED).payload)
    except _NOT_A_TOKEN as error:
        raise NotTrusted(type(error).__name__) from error


def public_keys(jwks: Any) -> tuple[RSAKey, ...]:
    """The usable signing keys of a JWK Set (at most 20 are read): RSA of at least 2048 bits with a `kid`; skips the others."""
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    found = [_public_key(jwk) for jwk in (listed if isinstance(listed, list) else [])[:20]]
    return tuple(key for key in found if key is not None)


def instant(claims: Mapping[str, Any], name: str) -> datetime:
    """A NumericDate (UTC). Raises NotTrusted."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise NotTrusted(name)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NotTrusted(name) from error


def text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that must be a non-empty printable text. Raises NotTrusted."""
    value = claims.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise NotTrusted(name)
    return value


def _public_key(jwk: Any) -> RSAKey | None:
    try:
        if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig" or not isinstance(jwk["kid"], str):
            return None
        key = RSAKey.import_key({name: jwk[name] for name in ("kty", "n", "e", "kid")})
        return key if key.public_key.key_size >= SMALLEST_KEY else None
    except _NOT_A_TOKEN:
        return None


def _plaintext(token: str, key: RSAKey) -> bytes:
    found = jwe.decrypt_compact(token.encode("ascii"), key, registry=_SEALED)
    if "crit" in found.headers() or found.plaintext is None:
        raise NotTrusted("crit" if found.plaintext else "nothing inside")
    return found.plaintext


def _object(payload: bytes | None) -> dict[str, Any]:
    claims = json.loads(payload or b"", object_pairs_hook=_once)
    if not isinstance(claims, dict):
        raise NotTrusted("not an object")
    return claims


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses duplicate claims: parsers disagree on which one counts. Raises NotTrusted."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotTrusted("a claim twice")
    return found
