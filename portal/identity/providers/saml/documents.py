"""Parses untrusted XML safely: size limit, UTF-8 only, no DTD, no entities, no network, schema validation."""

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

LARGEST = 128 * 1024  # bytes of a request or an answer; real answers have 8,000 to 20,000
LARGEST_METADATA = 8 * 1024 * 1024  # bytes; the SPID registry is under 1 MB
_SCHEMAS = Path(__file__).parent / "schemas"
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
_validating = Lock()  # lxml stores validation errors in the schema object, so validations must not overlap


class MalformedXml(Exception):
    """Not a valid document of the expected kind. The reason never quotes the document."""


class _FromTheFolder(etree.Resolver):
    """Resolves the public URLs, by which the schemas import each other, to the local copies."""

    def resolve(self, system_url: str, public_id: str | None, context: Any) -> Any:  # type: ignore[override]
        local = _SCHEMAS / urlsplit(system_url).path.rpartition("/")[2]
        if not local.exists():  # XMLSchema.dtd: named by the two W3C schemas, not needed
            return self.resolve_string("", context, base_url=system_url)
        return self.resolve_filename(str(local), context)  # type: ignore[attr-defined]


@lru_cache(maxsize=4)
def _schema(name: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, load_dtd=False)  # trusted local files
    parser.resolvers.add(_FromTheFolder())
    return etree.XMLSchema(etree.parse(str(_SCHEMAS / f"saml-schema-{name}-2.0.xsd"), parser))


def parse(body: bytes) -> etree._Element:
    """Parses a request or an answer. Refuses comments and processing instructions, which signed documents never hold.

    Raises MalformedXml.
    """
    if len(body) > LARGEST:
        raise MalformedXml("too large")
    if b"<!" in body:  # DOCTYPE, ENTITY, comment, CDATA
        raise MalformedXml("markup declaration")
    root = _parsed(body)
    tree = root.getroottree()
    if tree.xpath("//comment() | //processing-instruction()"):
        raise MalformedXml("comment or processing instruction")
    return root


def parse_metadata(body: bytes) -> etree._Element:
    """Parses metadata, which may be large and hold comments. Raises MalformedXml."""
    if len(body) > LARGEST_METADATA:
        raise MalformedXml("too large")
    return _parsed(body, commented=True)


def _parsed(body: bytes, *, commented: bool = False) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=commented,
        remove_pis=commented,
    )
    try:
        body.decode()  # must be UTF-8, whatever the XML declaration says
        root = etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError) as error:
        raise MalformedXml("not XML") from error
    document = root.getroottree().docinfo
    if (
        document.internalDTD is not None
        or document.externalDTD is not None
        or (document.encoding or "UTF-8").upper() not in ("UTF-8", "ASCII", "US-ASCII")
    ):
        raise MalformedXml("DTD or encoding")
    if any(True for _ in root.iter(etree.Entity)):
        raise MalformedXml("entity")
    return root


def validate(root: etree._Element, schema: str) -> etree._Element:
    """Validates against the SAML 2.0 schema `protocol` or `metadata`; returns the tree. Raises MalformedXml."""
    with _validating:
        valid = _schema(schema).validate(root)
    if not valid:
        raise MalformedXml("not as the schema says")
    return root


def text_of(element: etree._Element | None) -> str:
    """The text of a text-only element, stripped; empty when the element is absent. Raises MalformedXml."""
    if element is None:
        return ""
    if len(element):
        raise MalformedXml("markup where text was expected")
    return (element.text or "").strip()


def instant(text: str) -> datetime:
    """Parses an xs:dateTime in UTC (SAML core, 1.3.3). Raises MalformedXml."""
    try:
        if not text.endswith("Z") or len(text) > 40:
            raise ValueError
        return datetime.fromisoformat(text.removesuffix("Z") + "+00:00")
    except ValueError as error:
        raise MalformedXml("not an instant in UTC") from error


def written(at: datetime) -> str:
    """Formats an instant as `2026-11-23T10:44:05Z`."""
    return at.astimezone(UTC).strftime(_INSTANT)
