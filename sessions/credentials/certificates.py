"""Makes, retires and uses the certificates that encrypt the pincode. Source: docs/contract.md, section 2."""

import logging
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import connection, transaction

from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.sealing import SealBroken, seal, unseal
from portal.time import database_clock
from sessions.models import PincodeCertificate

BITS = 1536  # the longest key whose ciphertext fits the 256 base64 characters of `valore`
CIPHERTEXT_BYTES = BITS // 8
LIVE_AT_ONCE = 2  # the one in use and its successor
DAYS = 730
WARN_BEFORE = timedelta(days=60)  # software houses need weeks to bring a new certificate to every pharmacy
REMEMBERED_FOR = 30  # seconds
COMMON_NAME = "Portale Farmacie - pincode A2F"
LONGEST_COMMON_NAME = 64  # X.520
_NOISE_BYTES = 24
logger = logging.getLogger(__name__)
_remembered: tuple[float, list[rsa.RSAPrivateKey]] = (float("-inf"), [])
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


@dataclass(frozen=True)
class Published:
    """A live certificate as its page shows it."""

    serial: str
    pem: str
    der: bytes
    sha256: str  # as openssl prints it: AB:CD:...
    valid_from: datetime
    valid_until: datetime

    @classmethod
    def of(cls, row: PincodeCertificate) -> "Published":
        certificate = x509.load_pem_x509_certificate(row.certificate.encode())
        sha256 = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        der = certificate.public_bytes(Encoding.DER)
        return cls(row.serial, row.certificate, der, sha256, row.valid_from, row.valid_until)

    @property
    def name(self) -> str:
        """Name of its files, without the extension."""
        return f"pincode-{self.serial[:8]}"


def ends_soon(row: PincodeCertificate, now: datetime) -> bool:
    """Whether it expires within WARN_BEFORE, so that the operator is warned."""
    return row.valid_until <= database_clock.real_of(now) + WARN_BEFORE


class CertificateRefused(Exception):
    """The certificate cannot be made or retired."""


class TooManyLive(CertificateRefused):
    """Two certificates are live: retire one before making another."""


class UnsuitableKey(CertificateRefused):
    """The key must be RSA of 1,536 bits, in PEM, without a passphrase: a longer ciphertext would not fit 256 characters."""


class KeyOutOfReach(Exception):
    """The private key is not in A2F_PRIVATE_KEY, or SEALING_KEYS no longer holds the key that sealed it."""


class NoSuchCertificate(CertificateRefused):
    """No certificate in service has this serial number."""


class AnotherMeanwhile(CertificateRefused):
    """Another operator made or retired a certificate since this one loaded the page."""


class LastLive(CertificateRefused):
    """The only live certificate cannot be retired: clients would have nothing to encrypt with. Make its successor first."""


def decipher(ciphertext: bytes, now: datetime, *, remembered: bool = False) -> list[bytes]:
    """Decrypts the bytes with each live certificate; [] when their length is not that of a ciphertext of ours.

    A wrong padding decrypts to noise, as a wrong key does (implicit rejection), so a caller cannot tell them apart. With
    `remembered` the list of live certificates may be 30 seconds old, which saves a query: use it to look for a pincode that
    was proved before, and decrypt again without it when there is none.
    """
    if len(ciphertext) != CIPHERTEXT_BYTES:
        return []
    return [_open(key, ciphertext) for key in (_remembered_keys(now) if remembered else _private_keys(now))]


def _open(key: rsa.RSAPrivateKey, ciphertext: bytes) -> bytes:
    try:
        return key.decrypt(ciphertext, padding.PKCS1v15())  # OpenSSL 3.2 and later returns noise for a wrong padding
    except ValueError:  # older versions raise; all raise for a number above the modulus, which the public key shows
        return secrets.token_bytes(_NOISE_BYTES)


def _remembered_keys(now: datetime) -> list[rsa.RSAPrivateKey]:
    global _remembered  # noqa: PLW0603  a cache per process
    read_at, keys = _remembered
    if monotonic() - read_at > REMEMBERED_FOR:
        keys = _private_keys(now)
        _remembered = monotonic(), keys
    return keys


def forget() -> None:
    """Empties this process's cache of live certificates. Other processes keep theirs for at most 30 seconds."""
    global _remembered  # noqa: PLW0603
    _remembered = float("-inf"), []


def _private_keys(now: datetime) -> list[rsa.RSAPrivateKey]:
    keys = []
    for row in PincodeCertificate.objects.live(now):
        try:
            keys.append(private_key(row))
        except (KeyOutOfReach, UnsuitableKey):
            logger.error(
                "The private key of certificate %s cannot be read: see `manage.py check --database default`.",
                row.serial,
            )
    return keys


def private_key(row: PincodeCertificate) -> rsa.RSAPrivateKey:
    """The private key of a certificate: the sealed one, or the matching one of A2F_PRIVATE_KEY. Raises KeyOutOfReach."""
    if row.sealed_key is None:
        return _key_kept_elsewhere(row.certificate, settings.A2F_PRIVATE_KEY)
    return _sealed_key(bytes(row.sealed_key))


@lru_cache(maxsize=4)
def _sealed_key(sealed: bytes) -> rsa.RSAPrivateKey:
    """Parsed once per process: OpenSSL takes 17 ms to check a key."""
    try:
        return read_key(unseal(sealed))
    except SealBroken as broken:
        raise KeyOutOfReach from broken


@lru_cache(maxsize=4)
def _key_kept_elsewhere(certificate: str, pem: str) -> rsa.RSAPrivateKey:
    """The key of this certificate among those of A2F_PRIVATE_KEY, which holds two during a changeover."""
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    wanted = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for block in _PEM.findall(pem):
        key = read_key(block.encode())
        if key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == wanted:
            return key
    raise KeyOutOfReach


def read_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Parses a PEM private key. Raises UnsuitableKey."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise UnsuitableKey from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != BITS:
        raise UnsuitableKey
    return key


@transaction.atomic
def make(
    now: datetime,
    *,
    days: int = DAYS,
    common_name: str = COMMON_NAME,
    key_pem: bytes | None = None,
    actor: User | None = None,
    newest: str | None = None,
) -> PincodeCertificate:
    """Makes a certificate, live at once. With `key_pem` the key stays in A2F_PRIVATE_KEY; else a new one is sealed here.

    `newest`: the serial of the newest live certificate on the operator's page, "" for none; so a form sent twice makes one.
    Raises AnotherMeanwhile, TooManyLive, UnsuitableKey.
    """
    _one_at_a_time()
    live = [row.serial for row in PincodeCertificate.objects.live(now)]
    if newest is not None and newest != (live or [""])[0]:
        raise AnotherMeanwhile
    if len(live) >= LIVE_AT_ONCE:
        raise TooManyLive
    key = rsa.generate_private_key(65537, BITS) if key_pem is None else read_key(key_pem)
    certificate = _sign(key, common_name, database_clock.real_of(now).replace(microsecond=0), timedelta(days=days))
    sealed = None
    if key_pem is None:
        sealed = seal(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    row = PincodeCertificate.objects.create(
        serial=f"{certificate.serial_number:x}",
        certificate=certificate.public_bytes(Encoding.PEM).decode(),
        sealed_key=sealed,
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        created_at=now,
    )
    record("certificate.made", now=now, actor=actor, subject=row, serial=row.serial)
    return row


def _one_at_a_time() -> None:
    """Locks the table: two operators at once must not make a third live certificate, nor retire both. SQLite locks anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {PincodeCertificate._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")


def _sign(key: rsa.RSAPrivateKey, common_name: str, valid_from: datetime, lasting: timedelta) -> x509.Certificate:
    """Self-signed: clients download it from our page over https and check no chain."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=True, data_encipherment=True,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_from + lasting)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


@transaction.atomic
def retire(
    serial: str, now: datetime, *, even_the_last: bool = False, actor: User | None = None, because: str = ""
) -> PincodeCertificate:
    """Retires a certificate and wipes its private key. Raises NoSuchCertificate, LastLive.

    Other processes may keep the key for REMEMBERED_FOR. They use it only to recognise a pincode that was proved before, in a
    call with a live id.
    """
    _one_at_a_time()
    row = PincodeCertificate.objects.filter(retired_at=None, serial=serial).first()
    if row is None:
        raise NoSuchCertificate
    others = PincodeCertificate.objects.live(now).exclude(pk=row.pk)
    if row.valid_until > database_clock.real_of(now) and not even_the_last and not others.exists():
        raise LastLive
    row.retired_at, row.sealed_key = now, None
    row.save()
    forget()
    transaction.on_commit(forget)  # again: before the commit another thread may have cached the old row
    record("certificate.retired", now=now, actor=actor, subject=row, serial=row.serial, because=because)
    return row


def ensure_one(now: datetime) -> PincodeCertificate | None:
    """Makes a certificate when none is live, as when the demonstration starts; None when one is."""
    return None if PincodeCertificate.objects.live(now).exists() else make(now)
