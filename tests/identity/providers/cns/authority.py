"""An invented authority that issues valid and invalid cards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.conftest import ANNA

CNS_POLICY = "1.3.76.16.2.1"
CARD = "6040123456789012.a/b+c=="  # the hash of the personal data is base64


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Authority:
    name: str = "CA di prova"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    key_name: str = ""  # another key under the same issuer name

    @property
    def key(self) -> rsa.RSAPrivateKey:
        return key(self.key_name or self.name)

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    @property
    def certificate(self) -> x509.Certificate:
        years = timedelta(days=3650)
        return (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(self.subject)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(self.now - years)
            .not_valid_after(self.now + years)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(sign=False, contracts=False, authority=True), critical=True)
            .sign(self.key, SHA256())
        )

    def card(
        self,
        common_name: str = f"{ANNA}/{CARD}",
        *,
        serial: int = 100,
        policy: str = CNS_POLICY,
        sign: bool = True,
        contracts: bool = False,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        names: tuple[str, str] | None = ("Anna", "Rossi"),
        good: tuple[timedelta, timedelta] = (timedelta(days=-30), timedelta(days=30)),
    ) -> x509.Certificate:
        """`contracts` sets nonRepudiation; `good` is the validity period, relative to now."""
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        if names:
            given, family = names
            parts += [x509.NameAttribute(NameOID.GIVEN_NAME, given), x509.NameAttribute(NameOID.SURNAME, family)]
        building = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(parts))
            .issuer_name(self.subject)
            .public_key(key("card").public_key())
            .serial_number(serial)
            .not_valid_before(self.now + good[0])
            .not_valid_after(self.now + good[1])
            .add_extension(_usage(sign=sign, contracts=contracts, authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if policy:
            stated = [x509.PolicyInformation(x509.ObjectIdentifier(policy), None)]
            building = building.add_extension(x509.CertificatePolicies(stated), critical=False)
        return building.sign(self.key, SHA256())

    def server(self, host: str) -> x509.Certificate:
        """The certificate of the cards' host; every card uses the same key."""
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
            .issuer_name(self.subject)
            .public_key(key("card").public_key())
            .serial_number(2)
            .not_valid_before(self.now - timedelta(days=1))
            .not_valid_after(self.now + timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self.key, SHA256())
        )

    def revoking(
        self,
        *serials: int,
        at: timedelta = timedelta(hours=-1),
        until: timedelta = timedelta(days=1),
        signed_by: str = "",
    ) -> x509.CertificateRevocationList:
        """The revocation list issued `at`, valid until `until`, relative to now."""
        building = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.subject)
            .last_update(self.now + at)
            .next_update(self.now + until)
        )
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(self.now + at).build()
            building = building.add_revoked_certificate(revoked)
        return building.sign((key(signed_by) if signed_by else self.key), SHA256())


def pem(*found: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in found)


def private() -> bytes:
    """The key of every card, and of the host."""
    return key("card").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def written(path: Path, parts: Sequence[bytes]) -> Path:
    path.write_bytes(b"".join(parts))
    return path


def _usage(*, sign: bool, contracts: bool, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign, content_commitment=contracts, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip
