"""Private key with certificate: read from PEM, or generated once and stored (the demonstration)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from portal.secrets.kept import kept_once

SMALLEST_KEY = 2048  # bits (SPID, Avviso 29)


class KeyUnusable(Exception):
    """The key or the certificate cannot be used. The reason never quotes them."""


@dataclass(frozen=True)
class KeyPair:
    """A signing key and its certificate. `repr()` hides them."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    def __repr__(self) -> str:
        return "KeyPair()"


@lru_cache(maxsize=16)
def key_pair(pem_key: str, pem_certificate: str) -> KeyPair:
    """Parses a key pair in PEM. Raises KeyUnusable: unreadable, not RSA of at least 2048 bits, or not matching."""
    try:
        key = load_pem_private_key(pem_key.encode(), password=None)
        certificate = x509.load_pem_x509_certificate(pem_certificate.encode())
    except (ValueError, TypeError) as error:
        raise KeyUnusable("the key or the certificate is not in PEM, or the key has a password") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < SMALLEST_KEY:
        raise KeyUnusable("the key must be RSA, 2048 bits or more")
    if certificate.public_key() != key.public_key():
        raise KeyUnusable("the certificate is not of this key")
    return KeyPair(key, certificate)


def made_once(folder: Path, name: str) -> KeyPair:
    """The stored pair of this name, generated on first use; safe when two processes start at once."""
    pem = kept_once(folder / f"{name}.pem", lambda: _new_pair(name)).decode()
    return key_pair(pem, pem)


def _new_pair(name: str) -> bytes:
    """Generates a self-signed pair, valid from 2020 to 2050 because the tests move the clock; trusted only on this machine."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=SMALLEST_KEY)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Ambiente di prova: {name}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
