"""Names of SAML 2.0 and its Italian profiles. Sources: OASIS SAML 2.0; SPID technical rules; CIE manual."""

from lxml import etree

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
SPID_EXTENSIONS = "https://spid.gov.it/saml-extensions"
SPID_INVOICING = "https://spid.gov.it/invoicing-extensions"
CIE_EXTENSIONS = "https://www.cartaidentita.interno.gov.it/saml-extensions"
XML = "http://www.w3.org/XML/1998/namespace"
PREFIXES = {"saml": ASSERTION, "samlp": PROTOCOL, "md": METADATA, "ds": SIGNATURE}

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
AUTHN_FAILED = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"

EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

LEVELS = {f"https://www.spid.gov.it/SpidL{level}": level for level in (1, 2, 3)}  # L2 = LoA3 (DPCM 24/10/2014, art. 6)


def saml(name: str) -> str:
    return f"{{{ASSERTION}}}{name}"


def samlp(name: str) -> str:
    return f"{{{PROTOCOL}}}{name}"


def md(name: str) -> str:
    return f"{{{METADATA}}}{name}"


def ds(name: str) -> str:
    return f"{{{SIGNATURE}}}{name}"


def level_uri(level: int) -> str:
    return f"https://www.spid.gov.it/SpidL{level}"


def child(parent: etree._Element, tag: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    """Appends a child to `parent`. Raises ValueError when XML cannot hold `text`."""
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element
