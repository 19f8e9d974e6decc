"""The lists of revoked cards, one for each authority (RFC 5280, section 5), gathered in the file that nginx reads."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from portal.identity.providers.cns.sources import RefreshFailed

Lists = dict[bytes, x509.CertificateRevocationList]  # by the issuer's name
_BEGIN = b"-----BEGIN X509 CRL-----"


def parsed(body: bytes) -> x509.CertificateRevocationList:
    """PEM or DER. Raises RefreshFailed."""
    load = x509.load_pem_x509_crl if _BEGIN in body else x509.load_der_x509_crl
    try:
        return load(body)
    except ValueError as error:
        raise RefreshFailed("not a list of revoked certificates") from error


def checked(
    found: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate], now: datetime
) -> x509.CertificateRevocationList:
    """The same list: of one of these authorities, signed by it, begun and not over. Raises RefreshFailed."""
    if not any(_signed_by(each, found) for each in authorities):
        raise RefreshFailed("not signed by an authority of ca.pem")
    if found.last_update_utc > now or found.next_update_utc is None or found.next_update_utc <= now:
        raise RefreshFailed("out of date")
    return found


def taken_in(before: Lists, found: x509.CertificateRevocationList) -> Lists:
    """With this list in the place of the older one of the same authority. Raises RefreshFailed when it is the older one."""
    issuer = found.issuer.public_bytes()
    old = before.get(issuer)
    if old is not None and old.last_update_utc > found.last_update_utc:
        raise RefreshFailed("older than the one that is there")
    return before | {issuer: found}


def gathered(bundle: bytes) -> Lists:
    """The lists in a file. Raises RefreshFailed."""
    lists = [parsed(_BEGIN + part) for part in bundle.split(_BEGIN)[1:]]
    return {each.issuer.public_bytes(): each for each in lists}


def taken_until(lists: Lists, authorities: Sequence[x509.Certificate]) -> dict[str, datetime | None]:
    """Until when nginx takes the cards of each authority (UTC); None for one without a list."""
    found = {each.subject.rfc4514_string(): lists.get(each.subject.public_bytes()) for each in authorities}
    return {name: each.next_update_utc if each is not None else None for name, each in found.items()}


def bundle(lists: Lists) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in lists.values())


def _signed_by(authority: x509.Certificate, found: x509.CertificateRevocationList) -> bool:
    key = authority.public_key()
    if authority.subject != found.issuer or not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        return False
    try:
        return found.is_signature_valid(key)
    except (InvalidSignature, ValueError):
        return False
