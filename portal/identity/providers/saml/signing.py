"""Makes and verifies XML signatures in the form of the SPID profile: enveloped, exclusive canonical XML, RSA with SHA-2."""

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from portal.identity.providers.saml.keys import SMALLEST_KEY, KeyPair
from portal.identity.providers.saml.names import ENVELOPED, EXCLUSIVE_C14N, SIGNATURE, ds

_CONFIGURATION = {
    "location": "./",
    "expect_references": 1,
    "ignore_ambiguous_key_info": True,  # the certificate is pinned; KeyInfo is ignored
    "signature_methods": frozenset(
        {SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512}
    ),
    "digest_algorithms": frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}),
}


class SignatureWrong(Exception):
    """Not signed, not in the form of the profile, or not by a trusted certificate."""


def sign(element: etree._Element, pair: KeyPair, *, after: str | None = None) -> etree._Element:
    """A signed copy of the element, which must have an ID. The signature goes after the child `after`, else first."""
    return _sign(element, pair, after, [])


def signed_with_types(element: etree._Element, pair: KeyPair, *, after: str | None = None) -> etree._Element:
    """As sign(), for values with `xsi:type="xsd:…"`: the canonical form keeps the prefix `xsd`, which no name uses."""
    return _sign(element, pair, after, ["xsd"])


def _sign(element: etree._Element, pair: KeyPair, after: str | None, prefixes: list[str]) -> etree._Element:
    place = etree.Element(ds("Signature"), Id="placeholder", nsmap={"ds": SIGNATURE})
    before = element.find(after) if after else None
    element.insert(0 if before is None else element.index(before) + 1, place)
    signer = _PrefixSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
    certificate = pair.certificate.public_bytes(Encoding.PEM).decode()
    return signer.sign(
        element, key=pair.key, cert=certificate, reference_uri=f"#{element.get('ID')}", id_attribute="ID",
        inclusive_ns_prefixes=prefixes or None,
    )  # fmt: skip


class _PrefixSigner(XMLSigner):
    """As XMLSigner, which digests an enveloped document with the prefixes but does not write them into its Transform."""

    def _build_transforms_for_reference(
        self, *, transforms_node: Any, reference: Any, exclude_c14n_transform_element: bool = True
    ) -> None:
        super()._build_transforms_for_reference(
            transforms_node=transforms_node, reference=reference,
            exclude_c14n_transform_element=exclude_c14n_transform_element,
        )  # fmt: skip
        if reference.inclusive_ns_prefixes:
            named = " ".join(reference.inclusive_ns_prefixes)
            etree.SubElement(transforms_node[-1], f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces", PrefixList=named)


def verified(element: etree._Element, certificates: Iterable[x509.Certificate], now: datetime) -> etree._Element:
    """Verifies the signature of this element; returns the element parsed again from the digested bytes, so that callers read
    only signed content.

    `certificates`: the pinned ones of the expected signer; certificates inside the signature are ignored. Raises
    SignatureWrong.
    """
    _check_form(element)
    alone = etree.tostring(element, with_tail=False)
    for certificate in certificates:
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST_KEY:
            continue
        configuration = SignatureConfiguration(verification_time=now, **_CONFIGURATION)  # type: ignore[arg-type]
        try:
            result = XMLVerifier().verify(
                alone, x509_cert=certificate, id_attribute="ID", expect_config=configuration, validate_schema=False
            )
        except (SignXMLException, etree.LxmlError, ValueError, TypeError):
            continue
        return _covered(element, result)
    raise SignatureWrong("by no certificate of the provider that is valid now")


def _covered(element: etree._Element, result: VerifyResult | list[VerifyResult]) -> etree._Element:
    covered = None if isinstance(result, list) else result.signed_xml
    if covered is None or covered.tag != element.tag or covered.get("ID") != element.get("ID"):
        raise SignatureWrong("it covers something else")
    return covered


def _check_form(element: etree._Element) -> None:
    """Checks the form: one signature, a direct child, that covers its parent; no object, only the two transforms of the profile."""
    signatures = element.findall(ds("Signature"))
    if len(signatures) != 1:
        raise SignatureWrong("not exactly one")
    signature = signatures[0]
    info = signature.find(ds("SignedInfo"))
    if info is None or [child.tag for child in signature] not in (
        [ds("SignedInfo"), ds("SignatureValue")],
        [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")],
    ):
        raise SignatureWrong("not of the one shape")
    method, references = info.find(ds("CanonicalizationMethod")), info.findall(ds("Reference"))
    if method is None or method.get("Algorithm") != EXCLUSIVE_C14N or len(references) != 1:
        raise SignatureWrong("canonical form or references")
    transforms = [transform.get("Algorithm") for transform in references[0].iter(ds("Transform"))]
    if transforms != [ENVELOPED, EXCLUSIVE_C14N]:
        raise SignatureWrong("transforms")
    if not element.get("ID") or references[0].get("URI") != f"#{element.get('ID')}":
        raise SignatureWrong("it refers to something else")


def sign_query(query: str, pair: KeyPair) -> str:
    """Signs a query of the Redirect binding: RSA with SHA-256, in base64. Source: SAML bindings, 3.4.4.1."""
    return base64.b64encode(pair.key.sign(query.encode(), padding.PKCS1v15(), SHA256())).decode()


def query_is_signed(query: str, signature: str, certificates: Iterable[x509.Certificate]) -> bool:
    """True when one of the certificates signed exactly this query."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_signed_by(certificate, query, raw) for certificate in certificates)


def _signed_by(certificate: x509.Certificate, query: str, raw: bytes) -> bool:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(raw, query.encode(), padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
