"""Our private keys, several during a rotation: the first one signs, all are published, all can decrypt."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from joserfc.jwk import RSAKey

from portal.identity.providers.oidc.jose import KEY_SEALED_AS, SIGNED_AS
from portal.identity.providers.saml.keys import SMALLEST_KEY, KeyUnusable

SIGNING, SEALING = ("sig", SIGNED_AS), ("enc", KEY_SEALED_AS)
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)


@dataclass(frozen=True)
class KeyRing:
    """Keys for one purpose, the one in use first. Never printed."""

    keys: tuple[RSAKey, ...]

    def __repr__(self) -> str:
        return "KeyRing()"

    def __iter__(self) -> Iterator[RSAKey]:
        return iter(self.keys)

    @property
    def first(self) -> RSAKey:
        return self.keys[0]

    def published(self) -> list[dict[str, Any]]:
        """The public keys as JWK; each `kid` is a thumbprint (RFC 7638)."""
        return [dict(key.as_dict(private=False)) for key in self.keys]


@lru_cache(maxsize=16)
def key_ring(pem: str, purpose: tuple[str, str]) -> KeyRing:
    """The private keys of a PEM text, in its order. Raises KeyUnusable: no key, unreadable, or not RSA of at least 2048 bits."""
    found = [_key(block.group(), purpose) for block in _PEM.finditer(pem)]
    if not found:
        raise KeyUnusable("it holds no private key in PEM")
    return KeyRing(tuple(found))


def of_key(key: RSAPrivateKey, purpose: tuple[str, str]) -> KeyRing:
    """A ring of one key."""
    return key_ring(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), purpose)


def _key(pem: str, purpose: tuple[str, str]) -> RSAKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnusable("a key is not in PEM, or has a password") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < SMALLEST_KEY:
        raise KeyUnusable("each key must be RSA, 2048 bits or more")
    made = RSAKey.import_key(pem.encode(), {"use": purpose[0], "alg": purpose[1]})
    made.ensure_kid()
    return made
