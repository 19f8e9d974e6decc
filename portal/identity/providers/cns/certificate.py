"""Reads the certificate of a card. nginx has already verified its chain, dates and revocation.

Source: CNS technical rules (D.M. 9/12/2004) and the certificate profile of the CNS: CN = codice fiscale, `/`, number of the
card, `.`, hash of the file of personal data; key usage digitalSignature and never nonRepudiation; purpose clientAuth.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portal.identity.identity import LoginRefused
from portal.values import codice_fiscale

SMALLEST_KEY = 2048  # bits; the first CNS had 1024, which OpenSSL refuses too
LARGEST = 16 * 1024  # characters of the header
_CARD = re.compile(r"[0-9]{16}\.[A-Za-z0-9+/=_-]{1,128}")  # the hash is base64: it may hold `/` too


@dataclass(frozen=True)
class Holder:
    """The holder of the card. The names are empty when the certificate lacks them."""

    codice_fiscale: str
    given_name: str
    family_name: str
    serial: str  # of the certificate, hexadecimal


def holder_of(escaped_pem: str, policies: Collection[str], now: datetime) -> Holder:
    """Parses and checks `$ssl_client_escaped_cert` of nginx. Raises LoginRefused; its reason never quotes the certificate."""
    try:
        if len(escaped_pem) > LARGEST:
            raise ValueError
        certificate = x509.load_pem_x509_certificate(unquote(escaped_pem, errors="strict").encode())
        _check_dates(certificate, now)
        _check_key(certificate)
        _check_purpose(certificate, policies)
        return _named(certificate)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise LoginRefused("wrong-card", f"unreadable certificate ({type(error).__name__})") from error


def _check_dates(certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise LoginRefused("expired-card", "dates")


def _check_key(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    strong = isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_KEY
    if not (strong or isinstance(key, ec.EllipticCurvePublicKey)):
        raise LoginRefused("wrong-card", "weak key")


def _check_purpose(certificate: x509.Certificate, policies: Collection[str]) -> None:
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    if (
        not usage.digital_signature or usage.content_commitment
    ):  # content_commitment is nonRepudiation, the key for legal signatures
        raise LoginRefused("wrong-card", "key usage")
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise LoginRefused("wrong-card", "extended key usage")
    stated = extensions.get_extension_for_class(x509.CertificatePolicies).value
    if not {policy.policy_identifier.dotted_string for policy in stated} & set(policies):
        raise LoginRefused("wrong-card", "policy")


def _named(certificate: x509.Certificate) -> Holder:
    subject = certificate.subject
    names = _texts(subject, NameOID.COMMON_NAME)
    if len(names) != 1:
        raise LoginRefused("wrong-card", "common name")
    number, _, card = names[0].partition("/")  # splits at the first `/` only
    if not (codice_fiscale.SHAPE.fullmatch(number) and _CARD.fullmatch(card)):
        raise LoginRefused("wrong-card", "common name")
    if not codice_fiscale.is_valid(number):
        raise LoginRefused("no-codice-fiscale", "check character")
    given, family = (" ".join(_texts(subject, oid)) for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME))
    return Holder(number, given, family, f"{certificate.serial_number:x}")


def _texts(subject: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    values = [attribute.value for attribute in subject.get_attributes_for_oid(oid)]
    return [value for value in values if isinstance(value, str)]
