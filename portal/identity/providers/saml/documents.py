"""Bytes in, a tree out: small, UTF-8, no DTD, nothing fetched or expanded, and as its schema says."""

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

LARGEST = 128 * 1024  # bytes of a request or of an answer; a real answer is 8 to 20 thousand
LARGEST_METADATA = 8 * 1024 * 1024  # bytes; the whole registry of SPID is under 1 MB
_SCHEMAS = Path(__file__).parent / "schemas"
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
_validating = Lock()  # lxml keeps the errors of a validation in the schema: one at a time


class MalformedXml(Exception):
    """Not a document of the kind that was expected. The reason never repeats the document."""


class _FromTheFolder(etree.Resolver):
    """The schemas name each other by their public addresses: the copies are beside this module."""

    def resolve(self, system_url: str, public_id: str | None, context: Any) -> Any:  # type: ignore[override]
        local = _SCHEMAS / urlsplit(system_url).path.rpartition("/")[2]
        if not local.exists():  # XMLSchema.dtd, which the two W3C schemas name and do not need
            return self.resolve_string("", context, base_url=system_url)
        return self.resolve_filename(str(local), context)  # type: ignore[attr-defined]


@lru_cache(maxsize=4)
def _schema(name: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, load_dtd=False)  # our own files, whose entities are their own
    parser.resolvers.add(_FromTheFolder())
    return etree.XMLSchema(etree.parse(str(_SCHEMAS / f"saml-schema-{name}-2.0.xsd"), parser))


def parse(body: bytes) -> etree._Element:
    """The root of a request or an answer: what is signed holds no comment and no processing instruction, so none is taken.

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
    """The root of a metadata document, which may be long and commented. Raises MalformedXml."""
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
        body.decode()  # UTF-8, whatever the declaration says
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
    """The same tree, valid against `protocol` or `metadata` of SAML 2.0. Raises MalformedXml."""
    with _validating:
        valid = _schema(schema).validate(root)
    if not valid:
        raise MalformedXml("not as the schema says")
    return root


def text_of(element: etree._Element | None) -> str:
    """The text of an element that holds text and nothing else; empty when it is absent. Raises MalformedXml."""
    if element is None:
        return ""
    if len(element):
        raise MalformedXml("markup where text was expected")
    return (element.text or "").strip()


def instant(text: str) -> datetime:
    """An xs:dateTime in UTC, as SAML wants it (core, 1.3.3). Raises MalformedXml."""
    try:
        if not text.endswith("Z") or len(text) > 40:
            raise ValueError
        return datetime.fromisoformat(text.removesuffix("Z") + "+00:00")
    except ValueError as error:
        raise MalformedXml("not an instant in UTC") from error


def written(at: datetime) -> str:
    """`2026-11-23T10:44:05Z`."""
    return at.astimezone(UTC).strftime(_INSTANT)
