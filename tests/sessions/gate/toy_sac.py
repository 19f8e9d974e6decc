"""A toy SAR, which puts the assertion into its SOAP header, and a toy SAC, which verifies it with a library that is not ours."""

import subprocess
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from lxml import etree

SCHEMAS = Path(__file__).resolve().parents[3] / "portal/identity/providers/saml/schemas"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
NAMES = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion", "wsse": WSSE, "env": SOAP}


def sar_envelope(assertion: bytes) -> bytes:
    """The call that the SAR passes on: its text holds the assertion byte for byte."""
    return (
        f'<env:Envelope xmlns:env="{SOAP}"><env:Header><wsse:Security xmlns:wsse="{WSSE}">'.encode()
        + assertion
        + b"</wsse:Security></env:Header><env:Body><ricetta/></env:Body></env:Envelope>"
    )


@dataclass
class SacRefused(Exception):
    reason: str


# The assertion, and the element of Exclusive XML Canonicalization (W3C, exc-c14n.xsd) that the signature's schema asks for.
TOGETHER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="urn:oasis:names:tc:SAML:2.0:assertion" schemaLocation="http://sac/saml-schema-assertion-2.0.xsd"/>
<xs:import namespace="http://www.w3.org/2001/10/xml-exc-c14n#" schemaLocation="http://sac/exc-c14n.xsd"/></xs:schema>"""
EXC_C14N = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/2001/10/xml-exc-c14n#">
<xs:element name="InclusiveNamespaces"><xs:complexType><xs:attribute name="PrefixList" type="xs:NMTOKENS"/></xs:complexType>
</xs:element></xs:schema>"""


class _Local(etree.Resolver):
    def resolve(self, system_url, public_id, context):
        if system_url.endswith("/exc-c14n.xsd"):
            return self.resolve_string(EXC_C14N, context, base_url=system_url)
        local = SCHEMAS / system_url.rpartition("/")[2]
        if not local.exists():
            return self.resolve_string("", context, base_url=system_url)
        return self.resolve_filename(str(local), context)


@lru_cache(maxsize=1)
def oasis_schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, load_dtd=False)
    parser.resolvers.add(_Local())
    return etree.XMLSchema(etree.fromstring(TOGETHER, parser))


class ToySac:
    """Trusts one certificate. `verify` returns the codice fiscale of the person, or raises SacRefused."""

    def __init__(self, certificate: str, folder: Path) -> None:
        self.folder = folder
        self.trusted = folder / "sac-trusts.pem"
        self.trusted.write_text(certificate, encoding="ascii")

    def verify(self, envelope: bytes, now: datetime) -> str:
        received = self.folder / "received.xml"
        received.write_bytes(envelope)
        assertion = etree.fromstring(envelope).find("env:Header/wsse:Security/saml:Assertion", NAMES)
        if assertion is None:
            raise SacRefused("no assertion")
        if not oasis_schema().validate(etree.fromstring(etree.tostring(assertion))):
            raise SacRefused(f"schema: {oasis_schema().error_log.last_error}")
        argv = [
            "xmlsec1", "--verify", "--pubkey-cert-pem", str(self.trusted), "--enabled-key-data", "rsa", "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", str(received),
        ]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, check=False, encoding="utf-8")
        if done.returncode != 0:
            raise SacRefused(f"signature: {done.stderr}")
        conditions = assertion.find("saml:Conditions", NAMES)
        begins, ends = (datetime.fromisoformat(conditions.get(name)) for name in ("NotBefore", "NotOnOrAfter"))
        if not begins <= now < ends:
            raise SacRefused("time")
        return assertion.findtext("saml:Subject/saml:NameID", namespaces=NAMES)
