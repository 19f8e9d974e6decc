"""An authority and the certificates of test servers, made on demand: without key identifiers, as old in-house authorities sign."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class InHouseAuthority:
    """A certificate authority; `file` is the CA file for a client that trusts it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Prova CA")])
        made = _unsigned(self.name, self.name, self.key, datetime.now(UTC) - DAY, datetime.now(UTC) + 30 * DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file = folder / "ca.pem"
        self.file.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self, *, ends_in: timedelta = DAY, host: str = "127.0.0.1") -> Path:
        """Certificate and key, in one file."""
        return _written(self.folder, self.name, self.key, ends_in, host)


def self_signed(folder: Path) -> Path:
    return _written(folder, None, None, DAY, "127.0.0.1")


def _written(folder: Path, issuer, signer, ends_in: timedelta, host: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server di prova")])
    now = datetime.now(UTC)
    made = _unsigned(name, issuer or name, key, now - 5 * DAY, now + ends_in)
    alternative = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = made.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
    file = folder / "server.pem"
    file.write_bytes(
        made.sign(signer or key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


def _unsigned(subject, issuer, key, begins, ends) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return made.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)


def served_with(certificate: Path) -> ssl.SSLContext:
    """The TLS of a server with this certificate and key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def as_python_3_13(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives ssl.create_default_context the flags that it has since Python 3.13."""
    made = ssl.create_default_context

    def stricter(*args, **kwargs) -> ssl.SSLContext:
        context = made(*args, **kwargs)
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    monkeypatch.setattr(ssl, "create_default_context", stricter)
