"""The proof left in an id's row: who proved password and pincode once need not pay the slow hash again.

Source: docs/contract.md, section 7. The key is the id itself, of which the database keeps only the hash: the proof is
useless to who steals the database, and void as soon as the stored hash of the secret changes.
"""

import hmac
from dataclasses import dataclass, field

_PASSWORD, _PINCODE, _CIPHERTEXT = "password", "pincode", "ciphertext"


@dataclass(frozen=True)
class Proof:
    """How the password was proved to the gate: against `stored`, its slow hash; void once that has changed."""

    stored: str = field(repr=False)
    fingerprint: bytes | None = field(default=None, repr=False)  # kept with the id, whether or not it is the first use
    client_address: str | None = None  # a place that is familiar from now on (sessions.credentials.guesses)


def fingerprint(plain_id: str, user_id: str, password: str, stored_hash: str) -> bytes:
    """32 bytes for IdSessione.fingerprint: written when this password has just been proved against `stored_hash`."""
    return _proof(plain_id, _PASSWORD, user_id, password, stored_hash)


def matches(
    fingerprint: bytes | memoryview | None, plain_id: str, user_id: str, password: str, stored_hash: str
) -> bool:
    """Whether this password is the one that was proved, in constant time; False when none was. No slow hash."""
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
    """For IdSessione.ciphertext_fingerprint: this base64 text was deciphered to the pincode behind `stored_hash`."""
    return _proof(plain_id, _CIPHERTEXT, user_id, valore, stored_hash)


def ciphertext_matches(
    fingerprint: bytes | memoryview | None, plain_id: str, user_id: str, valore: str, stored_hash: str
) -> bool:
    """As matches(), for IdSessione.ciphertext_fingerprint."""
    return _same(fingerprint, of_ciphertext(plain_id, user_id, valore, stored_hash))


def _proof(plain_id: str, *parts: str) -> bytes:
    """HMAC-SHA256 under the id. Each part goes with its length before it, so that no two lists of parts read alike."""
    encoded = [part.encode() for part in parts]
    message = b"".join([len(part).to_bytes(4) + part for part in encoded])
    # hmac.digest would let go of the GIL: 28 µs when three threads wait for it, for a work of 1
    return hmac.new(plain_id.encode(), message, "sha256").digest()


def _same(stored: bytes | memoryview | None, computed: bytes) -> bool:
    return stored is not None and hmac.compare_digest(bytes(stored), computed)
