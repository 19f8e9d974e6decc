"""Signature wrapping (XSW 1 to 8, numbered as in SAML Raider), with namespaces: the official tool sends them without.

Each carries a valid signature of the provider somewhere, and Dario where a careless reader would look.
"""

from copy import deepcopy

import pytest
from lxml import etree

from portal.demo.identity import answers
from portal.identity.models import User
from portal.identity.providers.saml.names import ds, saml, samlp
from portal.identity.providers.saml.signing import sign
from tests.identity.providers.saml import forge


def twin(element: etree._Element) -> etree._Element:
    """A copy with another ID and no signature, about Dario."""
    copy = deepcopy(element)
    copy.set("ID", "_gemello")
    copy.remove(copy.find(ds("Signature")))
    forge.evil(copy)
    return copy


def xsw1(response):
    copy = twin(response)
    signature = response.find(ds("Signature"))
    response.remove(signature)
    signature.append(response)
    copy.insert(1, signature)
    return copy


def xsw2(response):
    copy = twin(response)
    signature = response.find(ds("Signature"))
    response.remove(signature)
    copy.insert(1, signature)
    copy.insert(1, response)
    return copy


def xsw3(response):
    assertion = response.find(saml("Assertion"))
    assertion.addprevious(twin(assertion))
    return response


def xsw4(response):
    assertion = response.find(saml("Assertion"))
    copy = twin(assertion)
    response.replace(assertion, copy)
    copy.append(assertion)
    return response


def xsw5(response):
    assertion = response.find(saml("Assertion"))
    original = deepcopy(assertion)
    original.remove(original.find(ds("Signature")))
    assertion.set("ID", "_gemello")
    forge.evil(assertion)
    response.append(original)
    return response


def xsw6(response):
    assertion = response.find(saml("Assertion"))
    original = deepcopy(assertion)
    original.remove(original.find(ds("Signature")))
    assertion.set("ID", "_gemello")
    forge.evil(assertion)
    assertion.find(ds("Signature")).append(original)
    return response


def xsw7(response):
    assertion = response.find(saml("Assertion"))
    extensions = etree.Element(samlp("Extensions"))
    extensions.append(twin(assertion))
    response.find(samlp("Status")).addprevious(extensions)
    return response


def xsw8(response):
    assertion = response.find(saml("Assertion"))
    original = deepcopy(assertion)
    original.remove(original.find(ds("Signature")))
    assertion.set("ID", "_gemello")
    forge.evil(assertion)
    holder = etree.SubElement(assertion.find(ds("Signature")), ds("Object"))
    holder.append(original)
    return response


WRAPS = [xsw1, xsw2, xsw3, xsw4, xsw5, xsw6, xsw7, xsw8]


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_wrapped_signature_opens_for_nobody(captured, wrap):
    captured.refused(wrap(captured.signed()))
    assert not User.objects.exists()


@pytest.mark.parametrize("wrap", WRAPS[2:])
def test_not_even_when_a_bad_provider_signs_the_wrapping(captured, wrap):
    """The outer signature is valid: the assertion needs a valid one of its own."""
    response = wrap(captured.signed())
    response.remove(response.find(ds("Signature")))
    captured.refused(sign(response, captured.provider.pair, after=saml("Issuer")))
    assert not User.objects.exists()


@pytest.mark.parametrize("wrap", WRAPS[2:])
def test_nor_when_the_answer_is_not_signed_at_all(captured, wrap):
    response = wrap(captured.signed())
    response.remove(response.find(ds("Signature")))
    captured.refused(response)


def test_a_second_assertion_is_refused_even_when_everything_is_signed(captured):
    response = answers.envelope(captured.right)
    for _ in range(2):
        response.append(sign(answers.assertion(captured.right), captured.provider.pair, after=saml("Issuer")))
    captured.refused(sign(response, captured.provider.pair, after=saml("Issuer")))


@pytest.mark.parametrize("name", ["ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id"])
def test_two_elements_with_one_id_are_refused(captured, name):
    assertion = answers.assertion(captured.right)
    assertion.find(f".//{saml('AttributeValue')}").set(name, captured.right.response_id)
    response = answers.envelope(captured.right)
    response.append(sign(assertion, captured.provider.pair, after=saml("Issuer")))
    response.set("ID", captured.right.response_id)
    assertion.find(f".//{saml('AttributeValue')}").set(name, response.get("ID"))
    response.find(f".//{saml('AttributeValue')}").set(name, response.get("ID"))
    try:
        signed = sign(response, captured.provider.pair, after=saml("Issuer"))
    except ValueError:  # the signer also refuses the ambiguous reference: sent unsigned
        signed = response
    captured.refused(signed)


def test_an_encrypted_assertion_is_refused(captured):
    response = answers.envelope(captured.right)
    cipher = etree.fromstring(
        '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:CipherData><xenc:CipherValue>AAAA'
        "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
    )
    etree.SubElement(response, saml("EncryptedAssertion")).append(cipher)
    captured.refused(sign(response, captured.provider.pair, after=saml("Issuer")))


def test_an_attribute_twice_is_refused(captured):
    assertion = answers.assertion(captured.right)
    statement = assertion.find(saml("AttributeStatement"))
    second = deepcopy(statement[-1])
    statement.append(second)
    forge.evil(second)
    captured.refused(captured.around(assertion))


def test_an_attribute_with_two_values_is_refused(captured):
    assertion = answers.assertion(captured.right)
    attribute = assertion.find(saml("AttributeStatement"))[-1]
    attribute.append(deepcopy(attribute[0]))
    captured.refused(captured.around(assertion))


def test_markup_inside_an_attribute_is_refused(captured):
    assertion = answers.assertion(captured.right)
    value = assertion.find(saml("AttributeStatement"))[-1][0]
    etree.SubElement(value, "b").tail = "X"
    captured.refused(captured.around(assertion))
