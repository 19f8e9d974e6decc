"""Reads the Italian trust list for the authorities that issue TS-CNS. Source: ETSI TS 119 612, XAdES enveloped signature."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from portal.identity.providers.cns.sources import RefreshFailed
from portal.identity.providers.saml.documents import MalformedXml, instant, parse_metadata, written

TSL = "http://uri.etsi.org/02231/v2#"
_NAMESPACES = {"t": TSL}
_ROOT = f"{{{TSL}}}TrustServiceStatusList"
IDENTITY_SERVICE = "http://uri.etsi.org/TrstSvc/Svctype/IdV"  # service type of the CNS and CIE authorities
IN_FORCE = frozenset(
    f"http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/{word}" for word in ("granted", "recognisedatnationallevel")
)
_SIGNED_AS = SignatureConfiguration(
    location="./",
    expect_references=True,
    signature_methods=frozenset(
        {
            SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512,
            SignatureMethod.SHA256_RSA_MGF1, SignatureMethod.SHA384_RSA_MGF1, SignatureMethod.SHA512_RSA_MGF1,
            SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512,
        }
    ),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}),
)  # fmt: skip
_NUMBER_IN_BUNDLE = re.compile(rb"^# TSLSequenceNumber: ([0-9]{1,12})$", re.MULTILINE)

_END_IN_BUNDLE = re.compile(rb"^# NextUpdate: ([0-9TZ:-]{20})$", re.MULTILINE)


@dataclass(frozen=True)
class TrustList:
    """Sequence number, end (UTC), and the authorities in force, without duplicates."""

    number: int
    next_update: datetime
    authorities: tuple[x509.Certificate, ...]

    def bundle(self) -> bytes:
        """PEM for nginx. Comments hold the sequence number, so that an older list never replaces it, and the end."""
        head = f"# Authorities of the TS-CNS, from the trust list.\n# TSLSequenceNumber: {self.number}\n"
        head += f"# NextUpdate: {written(self.next_update)}\n"
        return head.encode() + b"".join(authority.public_bytes(Encoding.PEM) for authority in self.authorities)


def number_of(bundle: bytes) -> int:
    """The sequence number in the comments of a bundle; 0 when absent."""
    found = _NUMBER_IN_BUNDLE.search(bundle)
    return int(found[1]) if found else 0


def next_update_of(bundle: bytes) -> datetime | None:
    """The end (UTC) in the comments of a bundle; None when absent."""
    found = _END_IN_BUNDLE.search(bundle)
    return instant(found[1].decode()) if found else None


def read(body: bytes, signers: Sequence[x509.Certificate], now: datetime) -> TrustList:
    """Verifies the list with the pinned certificates and reads only the signed part. Raises RefreshFailed."""
    try:
        root = _signed(parse_metadata(body), signers, now)
        information = root.find("t:SchemeInformation", _NAMESPACES)
        if information is None:
            raise MalformedXml("no SchemeInformation")
        number = int(information.findtext("t:TSLSequenceNumber", "", _NAMESPACES))
        end = instant(information.findtext("t:NextUpdate/t:dateTime", "", _NAMESPACES).strip())
        authorities = _authorities(root, now)
    except (MalformedXml, ValueError) as error:
        raise RefreshFailed("The trust list is not as it should be.") from error
    if end <= now:
        raise RefreshFailed(f"The trust list is out of date since {end:%Y-%m-%d}.")
    if not authorities:
        raise RefreshFailed("The trust list names no authority in force for the TS-CNS.")
    return TrustList(number, end, authorities)


def _signed(root: etree._Element, signers: Iterable[x509.Certificate], now: datetime) -> etree._Element:
    """The signed root. Ignores certificates inside the list: only pinned signers count. Raises RefreshFailed."""
    whole = etree.tostring(root)
    for signer in signers:
        if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
            continue
        try:
            found = XMLVerifier().verify(
                whole, x509_cert=signer, id_attribute="Id", expect_config=_SIGNED_AS, validate_schema=False
            )
        except (SignXMLException, etree.LxmlError, ValueError, TypeError):
            continue
        for covered in _signed_parts(found):
            if covered is not None and covered.tag == _ROOT:
                return covered
    raise RefreshFailed("The trust list is not signed by a certificate of CNS_TRUST_LIST_SIGNERS that is valid today.")


def _signed_parts(found: VerifyResult | list[VerifyResult]) -> list[etree._Element | None]:
    return [result.signed_xml for result in (found if isinstance(found, list) else [found])]


def _authorities(root: etree._Element, now: datetime) -> tuple[x509.Certificate, ...]:
    services = root.iterfind(".//t:TSPService/t:ServiceInformation", _NAMESPACES)
    found = [certificate for service in services if _counts(service, now) for certificate in _certificates(service)]
    good = [certificate for certificate in found if certificate.not_valid_after_utc > now]
    return tuple({certificate.fingerprint(SHA256()): certificate for certificate in good}.values())


def _counts(service: etree._Element, now: datetime) -> bool:
    kind, status, since = (
        service.findtext(f"t:{name}", "", _NAMESPACES).strip()
        for name in ("ServiceTypeIdentifier", "ServiceStatus", "StatusStartingTime")
    )
    return kind == IDENTITY_SERVICE and status in IN_FORCE and instant(since) <= now


def _certificates(service: etree._Element) -> list[x509.Certificate]:
    elements = service.iterfind("t:ServiceDigitalIdentity/t:DigitalId/t:X509Certificate", _NAMESPACES)
    return [x509.load_der_x509_certificate(base64.b64decode(element.text or "")) for element in elements]
