"""Our signed metadata, for SPID (public and private, Avviso 29) and for CIE."""

import base64
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from portal.identity.providers.saml import signing
from portal.identity.providers.saml.names import (
    BASIC,
    CIE_EXTENSIONS,
    METADATA,
    POST,
    PROTOCOL,
    REDIRECT,
    SIGNATURE,
    SPID_EXTENSIONS,
    SPID_INVOICING,
    XML,
    child,
    ds,
    md,
)
from portal.identity.providers.saml.profiles import Federation, Profile
from portal.identity.providers.saml.service_provider import Addresses, Billing, Organisation, ServiceProvider

SERVICE_NAME = "Portale Farmacie"


def service_metadata(service: ServiceProvider, profile: Profile, at: Addresses) -> bytes:
    """The signed EntityDescriptor. Its ID is a digest of its content."""
    namespaces = {"md": METADATA, "ds": SIGNATURE}
    if profile.federation is Federation.SPID:
        namespaces |= {"spid": SPID_EXTENSIONS}
    else:
        namespaces |= {"cie": CIE_EXTENSIONS}
    root = etree.Element(md("EntityDescriptor"), entityID=service.entity_id, nsmap=namespaces)
    _role(root, service, profile, at)
    _organization(root, service.organisation)
    if profile.federation is Federation.SPID:
        _spid_contacts(root, service.organisation)
    else:
        _cie_contact(root, service.organisation)
    root.set("ID", f"_{sha256(etree.tostring(root)).hexdigest()}")
    return etree.tostring(signing.sign(root, service.pair), xml_declaration=True, encoding="UTF-8")


def _role(root: etree._Element, service: ServiceProvider, profile: Profile, at: Addresses) -> None:
    role = child(
        root, md("SPSSODescriptor"),
        protocolSupportEnumeration=PROTOCOL, AuthnRequestsSigned="true", WantAssertionsSigned="true",
    )  # fmt: skip
    data = child(child(child(role, md("KeyDescriptor"), use="signing"), ds("KeyInfo")), ds("X509Data"))
    child(data, ds("X509Certificate"), base64.b64encode(service.pair.certificate.public_bytes(Encoding.DER)).decode())
    for binding in (POST, REDIRECT):
        child(role, md("SingleLogoutService"), Binding=binding, Location=at.sign_out)
    child(role, md("NameIDFormat"), "urn:oasis:names:tc:SAML:2.0:nameid-format:transient")
    child(role, md("AssertionConsumerService"), Binding=POST, Location=at.answer, index="0", isDefault="true")
    consuming = child(role, md("AttributeConsumingService"), index="0")
    child(consuming, md("ServiceName"), SERVICE_NAME, **_IN_ITALIAN)
    for name in profile.attributes:
        child(consuming, md("RequestedAttribute"), Name=name, NameFormat=BASIC, isRequired="true")


_IN_ITALIAN = {f"{{{XML}}}lang": "it"}


def _organization(root: etree._Element, who: Organisation) -> None:
    organization = child(root, md("Organization"))
    child(organization, md("OrganizationName"), who.name, **_IN_ITALIAN)
    child(organization, md("OrganizationDisplayName"), who.display_name, **_IN_ITALIAN)
    child(organization, md("OrganizationURL"), who.url, **_IN_ITALIAN)


def _spid_contacts(root: etree._Element, who: Organisation) -> None:
    """Contacts of the service provider and, for a private one, of the payer. Source: Avviso 29, version 3."""
    contact, extensions = _contact(root, "other")
    numbers = [("IPACode", who.ipa_code if who.kind == "public" else "")]
    numbers += [("VATNumber", who.vat_number), ("FiscalCode", who.fiscal_code)]
    for name, value in numbers:
        if value:
            child(extensions, f"{{{SPID_EXTENSIONS}}}{name}", value)
    child(extensions, f"{{{SPID_EXTENSIONS}}}{who.kind.title()}")
    _reach(contact, who.name, who.email, who.telephone)
    if who.kind == "private" and who.billing is not None:
        payer, extensions = _contact(root, "billing")
        _invoicing(extensions, who.billing)
        _reach(payer, who.billing.name, who.billing.email, who.billing.telephone)


def _invoicing(extensions: etree._Element, payer: Billing) -> None:
    def add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
        return child(parent, f"{{{SPID_INVOICING}}}{name}", text)

    block = etree.SubElement(extensions, f"{{{SPID_INVOICING}}}CessionarioCommittente", nsmap={"fpa": SPID_INVOICING})
    who = add(block, "DatiAnagrafici")
    vat = add(who, "IdFiscaleIVA")
    add(vat, "IdPaese", "IT")
    add(vat, "IdCodice", payer.vat_number)
    add(add(who, "Anagrafica"), "Denominazione", payer.name)
    seat = add(block, "Sede")
    for name, value in (
        ("Indirizzo", payer.street), ("CAP", payer.cap), ("Comune", payer.comune), ("Provincia", payer.province),
        ("Nazione", "IT"),
    ):  # fmt: skip
        add(seat, name, value)


def _cie_contact(root: etree._Element, who: Organisation) -> None:
    """The administrative contact, with the ISTAT code of the comune. Source: CIE manual."""
    contact, extensions = _contact(root, "administrative")
    child(extensions, f"{{{CIE_EXTENSIONS}}}{who.kind.title()}")
    public = who.kind == "public"
    for name, value in (
        ("IPACode", who.ipa_code if public else ""),
        ("VATNumber", "" if public else who.vat_number),
        ("FiscalCode", "" if public else who.fiscal_code),
        ("NACE2Code", "" if public else who.nace2_code),
        ("Municipality", who.municipality),
        ("Province", who.province),
        ("Country", "IT"),
    ):
        if value:
            child(extensions, f"{{{CIE_EXTENSIONS}}}{name}", value)
    _reach(contact, who.name, who.email, who.telephone)


def _contact(root: etree._Element, kind: str) -> tuple[etree._Element, etree._Element]:
    contact = child(root, md("ContactPerson"), contactType=kind)
    return contact, child(contact, md("Extensions"))


def _reach(contact: etree._Element, company: str, email: str, telephone: str) -> None:
    child(contact, md("Company"), company)
    child(contact, md("EmailAddress"), email)
    if telephone:
        child(contact, md("TelephoneNumber"), telephone)
