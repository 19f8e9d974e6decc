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


def test_a_right_answer_comes_in_and_its_person_is_the_one_shown(asked):
    asked.accepted(asked.signed())
    assert User.objects.get().codice_fiscale == ANNA
    assert asked.client.session["identity_with"] == "SPID livello 2"


def test_a_level_above_the_one_asked_comes_in(asked):
    asked.accepted(asked.signed(level=3))
    assert asked.client.session["identity_with"] == "SPID livello 3"


@pytest.mark.parametrize("seconds", [30, -30])
def test_the_clocks_may_differ_by_half_a_minute(asked, seconds):
    by = timedelta(seconds=seconds)
    asked.accepted(asked.signed(at=asked.right.at + by, authenticated_at=asked.right.at + by))


def test_an_accented_name_comes_in_as_it_is(asked):
    asked.accepted(asked.signed(attributes=forge.attributes(name="Niccolò", familyName="D’Amico")))
    assert User.objects.get().full_name == "Niccolò D’Amico"


def test_other_prefixes_of_namespaces_change_nothing(asked):
    """Providers write the same document with different prefixes."""

    def rewritten(element: etree._Element) -> etree._Element:
        return etree.fromstring(etree.tostring(element).replace(b"saml:", b"due:").replace(b":saml=", b":due="))

    response = rewritten(answers.envelope(asked.right))
    response.append(sign(rewritten(answers.assertion(asked.right)), asked.provider.pair, after=saml("Issuer")))
    asked.accepted(sign(response, asked.provider.pair, after=saml("Issuer")))


def test_the_two_statements_may_come_in_either_order(asked):
    assertion = answers.assertion(asked.right)
    assertion.append(assertion.find(saml("AuthnStatement")))
    asked.accepted(asked.around(assertion))


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
def test_what_a_signature_says_of_its_own_key_is_not_read(asked, key_info):
    """KeyInfo is not signed and anybody may write it: it neither grants nor breaks anything."""
    response = asked.signed()
    holder = response.find(f"{ds('Signature')}/{ds('KeyInfo')}")
    holder[:] = etree.fromstring(f'<ds:KeyInfo xmlns:ds="{SIGNATURE}">{key_info}</ds:KeyInfo>')[:]
    asked.accepted(response)


def test_while_a_provider_changes_its_certificate_both_are_good(client, settings, alfa):
    old, new = alfa.pair, forge.pair("alfa-nuova")
    forge.registered(settings.IDENTITY_METADATA, "alfa", certificates=[old.certificate, new.certificate])
    for pair in (old, new):
        asked = forge.ask(client, alfa)
        asked.accepted(asked.signed(pair))
        client.logout()


def test_a_file_of_metadata_that_cannot_be_read_does_not_close_the_door_of_the_others(client, settings, alfa):
    (settings.IDENTITY_METADATA / "spid" / "rotto.xml").write_text("<rotto", encoding="utf-8")
    asked = forge.ask(client, alfa)
    asked.accepted(asked.signed())


def test_the_login_remembers_who_was_asked_and_the_number_of_the_question(asked):
    row = LoginTransaction.objects.get()
    assert (row.issuer, row.request_id) == (asked.provider.entity_id, asked.request.get("ID"))


def test_cie_comes_in_by_its_own_door_without_the_format_of_the_issuer(client, settings):
    ministry = forge.registered(settings.IDENTITY_METADATA, "ministero", "cie")
    asked = forge.ask(client, ministry, "cie")
    assertion = answers.assertion(replace(asked.right, attributes=forge.attributes(dateOfBirth="1980-01-01")))
    del assertion.find(saml("Issuer")).attrib["Format"]
    asked.accepted(asked.around(assertion))
    assert client.session["identity_with"] == "CIE livello 2"
