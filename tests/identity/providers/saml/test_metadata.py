"""The metadata that we publish, and the metadata that we read from the providers."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils import timezone
from lxml import etree

from portal.identity.providers.saml import documents, entities, service_provider, signing
from portal.identity.providers.saml.documents import MalformedXml
from portal.identity.providers.saml.names import PREFIXES, SPID_EXTENSIONS, md
from tests.identity.providers.saml import forge
from tests.identity.providers.saml.conftest import ORGANISATION

PRIVATE = """
name = "Consorzio di prova"
display_name = "Consorzio di prova"
url = "https://consorzio.example"
email = "spid@consorzio.example"
kind = "private"
vat_number = "IT01234567897"
fiscal_code = "01234567897"
[billing]
name = "Consorzio di prova"
vat_number = "01234567897"
street = "Via Roma 1"
cap = "38122"
comune = "Trento"
province = "TN"
email = "fatture@consorzio.example"
telephone = "+39061234567"
"""


def published(client, door: str = "spid") -> etree._Element:
    response = client.get(reverse("identity:metadata", args=[door]))
    assert response["Content-Type"] == "application/samlmetadata+xml"
    root = documents.parse_metadata(response.content)
    documents.validate(root, "metadata")
    assert root[0].tag.endswith("}Signature")
    return signing.verified(root, [forge.pair("portale").certificate], timezone.now())


@pytest.mark.parametrize(
    ("door", "names"),
    [
        ("spid", ["name", "familyName", "fiscalNumber"]),
        ("cie", ["name", "familyName", "dateOfBirth", "fiscalNumber"]),
    ],
)
def test_the_metadata_are_signed_and_ask_for_no_more_than_is_needed(client, door, names):
    root = published(client, door)
    assert [attribute.get("Name") for attribute in root.iter(md("RequestedAttribute"))] == names
    consumer = root.find(f".//{md('AssertionConsumerService')}")
    assert consumer.get("Location") == f"http://127.0.0.1:8000/accesso/{door}/ritorno/"


def test_no_key_for_encryption_is_published(client):
    assert [key.get("use") for key in published(client).iter(md("KeyDescriptor"))] == ["signing"]


def test_a_public_service_provider_declares_its_code(client):
    contacts = published(client).findall(md("ContactPerson"))
    assert [contact.get("contactType") for contact in contacts] == ["other"]
    assert contacts[0].findtext(f".//{{{SPID_EXTENSIONS}}}IPACode") == "r_prova"
    assert contacts[0].find(f".//{{{SPID_EXTENSIONS}}}Public") is not None


def test_a_private_one_declares_who_pays(client, settings):
    settings.SAML_ORGANISATION = PRIVATE
    contacts = published(client).findall(md("ContactPerson"))
    assert [contact.get("contactType") for contact in contacts] == ["other", "billing"]
    assert contacts[0].find(f".//{{{SPID_EXTENSIONS}}}Private") is not None
    assert "CessionarioCommittente" in etree.tostring(contacts[1]).decode()


def test_cie_has_its_own_contact(client):
    contact = published(client, "cie").find(md("ContactPerson"))
    assert contact.get("contactType") == "administrative"
    assert "Municipality" in etree.tostring(contact).decode()


def test_the_metadata_stay_the_same_until_something_changes(client, settings):
    first = published(client).get("ID")
    assert published(client).get("ID") == first
    settings.SAML_ORGANISATION = ORGANISATION.replace("Regione di prova", "Provincia di prova")
    assert published(client).get("ID") != first


def test_a_door_without_metadata_has_none(client, settings):
    settings.IDENTITY_PROVIDERS = ["portal.demo.identity.StubTsCns"]
    assert client.get(reverse("identity:metadata", args=["ts-cns"])).status_code == 404


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("x", "not TOML"),
        ('name = "x"', "display_name"),
        (ORGANISATION + 'nome = "x"', "nome"),
        (ORGANISATION.replace("ipa_code", "vat_number"), "ipa_code"),
        (ORGANISATION + 'kind = "boh"', "kind"),
        (PRIVATE.partition("[billing]")[0], "billing"),
    ],
)
def test_an_organisation_that_is_not_complete_is_named_piece_by_piece(toml, said):
    with pytest.raises(ImproperlyConfigured, match=said):
        service_provider.organisation(toml)


def test_a_key_that_does_not_fit_its_certificate_is_said_and_not_repeated(settings):
    settings.SAML_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    with pytest.raises(ImproperlyConfigured, match="SAML_CERTIFICATE") as caught:
        service_provider.of_settings()
    assert "BEGIN" not in str(caught.value)


# --- the providers' metadata


def test_a_registry_of_several_providers_is_read_whole():
    one, two = (
        etree.fromstring(forge.metadata(f"https://{name}.example", [forge.pair(name).certificate])) for name in "ab"
    )
    registry = etree.Element(md("EntitiesDescriptor"), nsmap={"md": PREFIXES["md"]})
    registry.extend([one, two])
    registry.append(etree.Comment("note"))
    found = entities.read(etree.tostring(registry))
    assert [entity.entity_id for entity in found] == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize("body", [b"", b"<a/>", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"<a>&x;</a>"])
def test_what_is_no_metadata_is_not_read(body):
    with pytest.raises(MalformedXml):
        entities.read(body)


def test_metadata_that_name_no_usable_provider_are_not_read():
    certificate = forge.pair("alfa").certificate
    right = forge.metadata("https://a.example", [certificate])
    assert len(entities.read(right)) == 1
    for wrong in (
        forge.metadata("https://a.example", []),
        forge.metadata("", [certificate]),
        forge.metadata("https://a.example", [certificate], binding="urn:altro"),
        right.replace(b">MII", b">xxx"),
        right.replace(b"SAML:2.0:protocol", b"SAML:1.1:protocol"),
    ):
        with pytest.raises(MalformedXml):
            entities.read(wrong)
