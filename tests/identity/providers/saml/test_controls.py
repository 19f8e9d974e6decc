"""Positive controls: valid responses are accepted, so that the refusals beside mean something."""

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from portal.demo.identity import answers
from portal.identity.models import LoginTransaction, User
from portal.identity.providers.saml.names import SIGNATURE, ds, saml
from portal.identity.providers.saml.signing import sign
from tests.conftest import ANNA
from tests.identity.providers.saml import forge


def test_a_right_answer_comes_in_and_its_person_is_the_one_shown(captured):
    captured.accepted(captured.signed())
    assert User.objects.get().codice_fiscale == ANNA
    assert captured.client.session["identity_with"] == "SPID livello 2"


def test_a_level_above_the_one_asked_comes_in(captured):
    captured.accepted(captured.signed(level=3))
    assert captured.client.session["identity_with"] == "SPID livello 3"


@pytest.mark.parametrize("seconds", [30, -30])
def test_the_clocks_may_differ_by_half_a_minute(captured, seconds):
    by = timedelta(seconds=seconds)
    captured.accepted(captured.signed(at=captured.right.at + by, authenticated_at=captured.right.at + by))


def test_an_accented_name_comes_in_as_it_is(captured):
    captured.accepted(captured.signed(attributes=forge.attributes(name="Niccolò", familyName="D’Amico")))
    assert User.objects.get().full_name == "Niccolò D’Amico"


def test_other_prefixes_of_namespaces_change_nothing(captured):
    """Providers write the same document with different prefixes."""

    def rewritten(element: etree._Element) -> etree._Element:
        return etree.fromstring(etree.tostring(element).replace(b"saml:", b"due:").replace(b":saml=", b":due="))

    response = rewritten(answers.envelope(captured.right))
    response.append(sign(rewritten(answers.assertion(captured.right)), captured.provider.pair, after=saml("Issuer")))
    captured.accepted(sign(response, captured.provider.pair, after=saml("Issuer")))


def test_the_two_statements_may_come_in_either_order(captured):
    assertion = answers.assertion(captured.right)
    assertion.append(assertion.find(saml("AuthnStatement")))
    captured.accepted(captured.around(assertion))


@pytest.mark.parametrize(
    "key_info",
    [
        "<ds:KeyName>altro</ds:KeyName>",
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AAAA</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        '<d:DEREncodedKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">MAAA</d:DEREncodedKeyValue>',
        '<d:DEREncodedKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#"/>',
        "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>",
    ],
)
def test_what_a_signature_says_of_its_own_key_is_not_read(captured, key_info):
    """KeyInfo is not signed and anybody may write it: it neither grants nor breaks anything."""
    response = captured.signed()
    holder = response.find(f"{ds('Signature')}/{ds('KeyInfo')}")
    holder[:] = etree.fromstring(f'<ds:KeyInfo xmlns:ds="{SIGNATURE}">{key_info}</ds:KeyInfo>')[:]
    captured.accepted(response)


def test_while_a_provider_changes_its_certificate_both_are_good(client, settings, alfa):
    old, new = alfa.pair, forge.pair("alfa-nuova")
    forge.registered(settings.IDENTITY_METADATA, "alfa", certificates=[old.certificate, new.certificate])
    for pair in (old, new):
        captured = forge.ask(client, alfa)
        captured.accepted(captured.signed(pair))
        client.logout()


def test_a_file_of_metadata_that_cannot_be_read_does_not_close_the_door_of_the_others(client, settings, alfa):
    (settings.IDENTITY_METADATA / "spid" / "rotto.xml").write_text("<rotto", encoding="utf-8")
    captured = forge.ask(client, alfa)
    captured.accepted(captured.signed())


def test_the_login_remembers_who_was_asked_and_the_number_of_the_question(captured):
    row = LoginTransaction.objects.get()
    assert (row.issuer, row.request_id) == (captured.provider.entity_id, captured.request.get("ID"))


def test_cie_comes_in_by_its_own_door_without_the_format_of_the_issuer(client, settings):
    ministry = forge.registered(settings.IDENTITY_METADATA, "ministero", "cie")
    captured = forge.ask(client, ministry, "cie")
    assertion = answers.assertion(replace(captured.right, attributes=forge.attributes(dateOfBirth="1980-01-01")))
    del assertion.find(saml("Issuer")).attrib["Format"]
    captured.accepted(captured.around(assertion))
    assert client.session["identity_with"] == "CIE livello 2"
