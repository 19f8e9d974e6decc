"""Responses with a missing, foreign or weak signature, or a signature over something else."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureMethod
from signxml.signer import SignatureReference, XMLSigner

from portal.demo.identity import answers
from portal.identity.models import LoginRecord
from portal.identity.providers.saml.names import ds, saml
from portal.identity.providers.saml.signing import sign
from tests.identity.providers.saml import forge

SHA1_OF_RSA = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


def outcome() -> str:
    return LoginRecord.objects.order_by("-pk")[0].outcome


def test_an_unsigned_answer_is_refused(captured):
    captured.refused(answers.unsigned(captured.right))


def test_an_answer_whose_assertion_only_is_signed_is_refused(captured):
    response = captured.signed()
    response.remove(response.find(ds("Signature")))
    captured.refused(response)


def test_an_answer_whose_assertion_is_not_signed_is_refused(captured):
    captured.refused(sign(answers.unsigned(captured.right), captured.provider.pair, after=saml("Issuer")))


def test_a_stranger_who_brings_their_own_certificate_is_refused(captured):
    captured.refused(captured.signed(forge.pair("sconosciuto")))
    assert outcome() == "signature"


def test_a_stranger_who_borrows_the_providers_certificate_is_refused(captured):
    """A stranger's key, with the provider's certificate inside the signature."""
    response = captured.signed(forge.pair("sconosciuto"))
    right = base64.b64encode(captured.provider.pair.certificate.public_bytes(serialization.Encoding.DER)).decode()
    for certificate in response.iter(ds("X509Certificate")):
        certificate.text = right
    captured.refused(response)
    assert outcome() == "signature"


def test_an_assertion_of_a_stranger_inside_a_signed_answer_is_refused(captured):
    response = answers.envelope(captured.right)
    response.append(sign(answers.assertion(captured.right), forge.pair("sconosciuto"), after=saml("Issuer")))
    captured.refused(sign(response, captured.provider.pair, after=saml("Issuer")))
    assert outcome() == "signature"


def test_a_registered_provider_cannot_answer_in_anothers_place(captured, beta):
    """IdP mix-up: the request went to Alfa."""
    captured.refused(captured.signed(beta.pair, issuer=beta.entity_id))


def test_a_registered_provider_cannot_sign_in_anothers_name(captured, beta):
    captured.refused(captured.signed(beta.pair))
    assert outcome() == "signature"


def test_the_right_key_in_anothers_name_is_refused(captured, beta):
    captured.refused(captured.signed(issuer=beta.entity_id))
    assert outcome() == "not-asked"


def test_a_provider_that_is_no_longer_loaded_is_refused(captured, settings):
    (settings.IDENTITY_METADATA / "spid" / "alfa.xml").unlink()
    captured.refused(captured.signed())
    assert outcome() == "not-asked"


def test_an_expired_certificate_of_the_provider_is_refused(client, settings, alfa):
    expired = forge.certificate_of(alfa.pair.key, "alfa", timedelta(days=365))
    forge.registered(settings.IDENTITY_METADATA, "alfa", certificates=[expired])
    captured = forge.ask(client, alfa)
    captured.refused(captured.signed())
    assert outcome() == "signature"


def test_a_small_key_is_refused(client, settings, alfa):
    small = forge.pair("piccola", size=1024)
    forge.registered(settings.IDENTITY_METADATA, "alfa", certificates=[small.certificate])
    captured = forge.ask(client, alfa)
    captured.refused(captured.signed(small))
    assert outcome() == "signature"


def resigned(response: etree._Element, pair, *, method: str, sign_with) -> etree._Element:
    """The Response with another signature method: SignedInfo rewritten and signed again by `sign_with`."""
    signature = response.find(ds("Signature"))
    info = signature.find(ds("SignedInfo"))
    info.find(ds("SignatureMethod")).set("Algorithm", method)
    canonical = etree.tostring(info, method="c14n", exclusive=True)
    signature.find(ds("SignatureValue")).text = base64.b64encode(sign_with(canonical)).decode()
    return response


def test_rsa_with_sha1_is_refused(captured):
    key = captured.provider.pair.key

    def by_sha1(data: bytes) -> bytes:
        return key.sign(data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303

    captured.refused(resigned(captured.signed(), captured.provider.pair, method=SHA1_OF_RSA, sign_with=by_sha1))


def test_a_mac_keyed_with_the_public_certificate_is_refused(captured):
    """Key confusion: the public certificate used as an HMAC secret."""
    public = captured.provider.pair.certificate.public_bytes(serialization.Encoding.PEM)
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.HMAC_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    response = answers.unsigned(captured.right)
    place = etree.Element(ds("Signature"), Id="placeholder")
    response.insert(1, place)
    captured.refused(signer.sign(response, key=public, reference_uri=f"#{response.get('ID')}", id_attribute="ID"))


@pytest.mark.parametrize(
    "transform",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2000/09/xmldsig#base64", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments", "urn:altro",
    ],
)  # fmt: skip
def test_a_transform_that_is_not_one_of_the_two_is_refused(captured, transform):
    response = captured.signed()
    response.find(f".//{ds('Transform')}[2]").set("Algorithm", transform)
    captured.refused(response)


@pytest.mark.parametrize(
    "form", ["CANONICAL_XML_1_0", "CANONICAL_XML_1_1", "EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS"]
)
@pytest.mark.parametrize("where", ["everywhere", "reference"])
def test_a_good_signature_in_another_canonical_form_is_refused(captured, form, where):
    """A valid signature by the right provider: the profile allows one canonicalization only."""
    response = answers.envelope(captured.right)
    response.append(sign(answers.assertion(captured.right), captured.provider.pair, after=saml("Issuer")))
    response.insert(1, etree.Element(ds("Signature"), Id="placeholder"))
    other, usual = CanonicalizationMethod[form], CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
    reference = SignatureReference(f"#{response.get('ID')}", c14n_method=other)
    signer = XMLSigner(c14n_algorithm=other if where == "everywhere" else usual)
    signed = signer.sign(response, key=captured.provider.pair.key, reference_uri=[reference], id_attribute="ID")
    captured.refused(signed)
    assert outcome() == "signature"


def test_a_stylesheet_among_the_transforms_is_refused(captured):
    response = captured.signed()
    stylesheet = etree.fromstring(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
        "<xsl:value-of select=\"document('file:///etc/passwd')\"/></xsl:template></xsl:stylesheet>"
    )
    added = etree.SubElement(response.find(f".//{ds('Transforms')}"), ds("Transform"))
    added.set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
    added.append(stylesheet)
    captured.refused(response)


def test_a_signature_over_something_else_is_refused(captured):
    """The Response is signed, but its Signature element refers to the assertion only."""
    response = captured.signed()
    inner = response.find(saml("Assertion"))
    response.find(f"{ds('Signature')}/{ds('SignedInfo')}/{ds('Reference')}").set("URI", f"#{inner.get('ID')}")
    captured.refused(response)


def test_a_signature_over_the_whole_document_by_an_empty_reference_is_refused(captured):
    response = captured.signed()
    response.find(f"{ds('Signature')}/{ds('SignedInfo')}/{ds('Reference')}").set("URI", "")
    captured.refused(response)


def test_the_signed_assertion_of_another_login_inside_a_new_answer_is_refused(captured, client):
    """An attacker combines two documents that the provider signed."""
    older = captured.signed()
    again = forge.ask(client, captured.provider)
    response = answers.envelope(replace(again.right))
    response.append(older.find(saml("Assertion")))
    again.refused(sign(response, again.provider.pair, after=saml("Issuer")))
