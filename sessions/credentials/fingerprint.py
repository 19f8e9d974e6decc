"""Fingerprints in the row of an id: a password or pincode that was proved once needs no slow hash again.

Source: docs/contract.md, section 7. A fingerprint is an HMAC whose key is the id itself. The database stores only the digest
of the id, so a stolen database cannot test a password against it. It is void once the stored hash of the secret changes.
"""

import hmac
from dataclasses import dataclass, field

_PASSWORD, _PINCODE, _CIPHERTEXT = "password", "pincode", "ciphertext"


@dataclass(frozen=True)
class PasswordProof:
    """A password proved to the gate against `stored`, its slow hash; void once that hash has changed."""

    stored: str = field(repr=False)
    fingerprint: bytes | None = field(default=None, repr=False)  # stored with the id, also after its first use
    client_address: str | None = None  # a familiar place from now on (guesses)


def fingerprint(plain_id: str, user_id: str, password: str, stored_hash: str) -> bytes:
    """Computes IdSessione.fingerprint (32 bytes), once this password has been proved against `stored_hash`."""
    return _proof(plain_id, _PASSWORD, user_id, password, stored_hash)


def matches(
    fingerprint: bytes | memoryview | None, plain_id: str, user_id: str, password: str, stored_hash: str
) -> bool:
    """True when this password was proved before. Compares in constant time, without a slow hash."""
    return _same(fingerprint, _proof(plain_id, _PASSWORD, user_id, password, stored_hash))


def of_pincode(plain_id: str, user_id: str, pincode: str, stored_hash: str) -> bytes:
    """As fingerprint(), for IdSessione.pincode_fingerprint."""
    return _proof(plain_id, _PINCODE, user_id, pincode, stored_hash)


def pincode_matches(
    fingerprint: bytes | memoryview | None, plain_id: str, user_id: str, pincode: str, stored_hash: str
) -> bool:
    """As matches(), for IdSessione.pincode_fingerprint."""
    return _same(fingerprint, _proof(plain_id, _PINCODE, user_id, pincode, stored_hash))


def of_ciphertext(plain_id: str, user_id: str, valore: str, stored_hash: str) -> bytes:
    """As fingerprint(), for IdSessione.ciphertext_fingerprint: this base64 text decrypted to the pincode of `stored_hash`."""
    return _proof(plain_id, _CIPHERTEXT, user_id, valore, stored_hash)


def ciphertext_matches(
    fingerprint: bytes | memoryview | None, plain_id: str, user_id: str, valore: str, stored_hash: str
) -> bool:
    """As matches(), for IdSessione.ciphertext_fingerprint."""
    return _same(fingerprint, of_ciphertext(plain_id, user_id, valore, stored_hash))


def _proof(plain_id: str, *parts: str) -> bytes:
    """HMAC-SHA256 with the id as key. Each part is prefixed with its length, so that no two lists give the same message."""
    encoded = [part.encode() for part in parts]
    message = b"".join([len(part).to_bytes(4) + part for part in encoded])
    # hmac.digest would release the GIL: 28 µs when three threads wait for it, for 1 µs of work
    return hmac.new(plain_id.encode(), message, "sha256").digest()


def _same(stored: bytes | memoryview | None, computed: bytes) -> bool:
    return stored is not None and hmac.compare_digest(bytes(stored), computed)
