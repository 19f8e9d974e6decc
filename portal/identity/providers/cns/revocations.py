"""Certificate revocation lists, one for each authority (RFC 5280, section 5), bundled in the file that nginx reads."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.identity.providers.cns.sources import RefreshFailed

Lists = dict[tuple[bytes, bytes], x509.CertificateRevocationList]  # key: name and key of the issuer, see _authority_of
_BEGIN = b"-----BEGIN X509 CRL-----"


def parsed(body: bytes) -> x509.CertificateRevocationList:
    """Parses a CRL in PEM or DER. Raises RefreshFailed."""
    load = x509.load_pem_x509_crl if _BEGIN in body else x509.load_der_x509_crl
    try:
        return load(body)
    except ValueError as error:
        raise RefreshFailed("not a list of revoked certificates") from error


def checked(
    found: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate], now: datetime
) -> x509.CertificateRevocationList:
    """Returns the list if one of these authorities signed it and it is in force. Raises RefreshFailed."""
    if not any(_signed_by(authority, found) for authority in authorities):
        raise RefreshFailed("not signed by an authority of ca.pem")
    if found.last_update_utc > now or found.next_update_utc is None or found.next_update_utc <= now:
        raise RefreshFailed("out of date")
    return found


def taken_in(
    before: Lists, found: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate] = ()
) -> Lists:
    """The lists with the present one of the same authority replaced. Raises RefreshFailed when the new one is older."""
    authority = _authority_of(found, authorities)
    old = before.get(authority)
    if old is not None and old.last_update_utc > found.last_update_utc:
        raise RefreshFailed("older than the present list")
    return before | {authority: found}


def gathered(bundle: bytes, authorities: Sequence[x509.Certificate] = ()) -> Lists:
    """Parses a bundle of lists in PEM. Raises RefreshFailed."""
    lists = [parsed(_BEGIN + part) for part in bundle.split(_BEGIN)[1:]]
    return {_authority_of(found, authorities): found for found in lists}


def taken_until(lists: Lists, authorities: Sequence[x509.Certificate]) -> dict[str, datetime | None]:
    """The end (UTC) of the list of each authority, after which nginx refuses its cards; None for one without a list.

    Authorities with the same name get the serial number of their certificate appended.
    """
    names = Counter(authority.subject.rfc4514_string() for authority in authorities)
    until: dict[str, datetime | None] = {}
    for authority in authorities:
        name = authority.subject.rfc4514_string()
        if names[name] > 1:
            name = f"{name} ({authority.serial_number:x})"
        found = next((found for found in lists.values() if _signed_by(authority, found)), None)
        until[name] = found.next_update_utc if found is not None else None
    return until


def bundle(lists: Lists) -> bytes:
    return b"".join(revoked.public_bytes(Encoding.PEM) for revoked in lists.values())


def _authority_of(
    found: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]
) -> tuple[bytes, bytes]:
    """Identifies the issuer by name and key: an authority that renewed its key keeps its name. The key is the
    signing key, if its certificate is known, else the Authority Key Identifier (RFC 5280, section 5.2.1).
    """
    issuer = found.issuer.public_bytes()
    for authority in authorities:
        if _signed_by(authority, found):
            key = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return issuer, sha256(key).digest()
    with suppress(x509.ExtensionNotFound):
        return issuer, found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier or b""
    return issuer, b""


def _signed_by(authority: x509.Certificate, found: x509.CertificateRevocationList) -> bool:
    key = authority.public_key()
    if authority.subject != found.issuer or not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        return False
    try:
        return found.is_signature_valid(key)
    except (InvalidSignature, ValueError):
        return False
