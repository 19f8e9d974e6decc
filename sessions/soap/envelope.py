"""Parses a SOAP 1.1 message into a request. The parser fetches nothing, expands nothing and accepts no DTD."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from portal.values.pasted import id_sessione
from sessions.soap import schema
from sessions.soap.faults import ClientFault
from sessions.soap.wire_words import (
    BY_ACTION,
    BY_REQUEST,
    FIELDS,
    INNER,
    MESSAGES,
    OPTIONS_AT_MOST,
    SOAP,
    TYPES,
    Operation,
)

LARGEST = 64 * 1024  # bytes of a request
MEDIA_TYPES = ("text/xml", "application/xml")
CHARSETS = {"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be"}
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_ENVELOPE, _HEADER, _BODY = f"{{{SOAP}}}Envelope", f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"
_MUST_UNDERSTAND = f"{{{SOAP}}}mustUnderstand"
_CODED = {"SCHEMAV_CVC_MAXLENGTH_VALID", "SCHEMAV_CVC_MINLENGTH_VALID", "SCHEMAV_ELEMENT_CONTENT"}


@dataclass(frozen=True)
class Request:
    """The fields of a request as received: None is absent, "" is present and empty. Never log it: it holds secrets."""

    operation: Operation
    fields: dict[str, str]  # the simple fields of wire_words.FIELDS
    identificativo: tuple[str | None, str | None] | None  # tipo, valore
    options: list[tuple[str | None, str | None]]  # chiave, valore
    has: frozenset[str]  # names of all elements present
    too_long: tuple[str, ...]  # names of the fields over their maximum length

    def __repr__(self) -> str:
        return f"Request({self.operation.value})"

    def get(self, name: str) -> str:
        """The text of a simple field, "" when it is absent."""
        return self.fields.get(name, "")


def read(body: bytes, content_type: str, action: str) -> Request:
    """Parses a request. `action`: the SOAPAction header as received. Raises ClientFault."""
    element = _body_of(_parsed(body, _encoding(content_type)))
    operation = BY_REQUEST.get(str(element.tag))
    if operation is None:
        raise ClientFault(f"Operazione sconosciuta: {_name(element)}.")
    wanted = action.strip().strip("\"'").strip()
    if wanted and BY_ACTION.get(wanted) is not operation:
        raise ClientFault(f"La SOAPAction non corrisponde al messaggio {_name(element)}.")
    return _request(operation, element)


def _encoding(content_type: str) -> str | None:
    """The charset of the Content-Type header, which wins over the document's (RFC 7303); None: libxml2 decides.

    Raises ClientFault.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media and media not in MEDIA_TYPES:
        raise ClientFault("Content-Type non ammesso: usa text/xml oppure application/xml.")
    found = _CHARSET.search(content_type)
    if found is None:
        return None
    try:
        charset = codecs.lookup(found.group(1).strip("'")).name
    except (LookupError, ValueError):
        charset = ""
    if charset not in CHARSETS:
        raise ClientFault("Codifica dei caratteri non ammessa: usa UTF-8.")
    # UTF-16: libxml2 reads the byte order mark. Some names of Python differ from those of libxml2.
    return (
        None
        if charset.startswith("utf-16")
        else {"cp1252": "windows-1252"}.get(charset, charset.replace("iso8859", "iso-8859"))
    )


def _parsed(body: bytes, encoding: str | None) -> etree._Element:
    """Parses the bytes and returns the root element. Raises ClientFault."""
    if body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = None  # the byte order mark decides
    parser = etree.XMLParser(
        encoding=encoding, resolve_entities=False, load_dtd=False, dtd_validation=False, attribute_defaults=False,
        no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise ClientFault("Il messaggio non è XML ben formato.") from None  # libxml2's message may hold a value
    if root.getroottree().docinfo.internalDTD is not None:
        raise ClientFault("Il messaggio contiene una DTD, che non è ammessa.")
    return root


def _body_of(root: etree._Element) -> etree._Element:
    """Returns the only element inside the Body. Raises ClientFault."""
    if root.tag != _ENVELOPE:
        raise ClientFault(f"Il messaggio non è una busta SOAP 1.1: {_name(root)}.")
    bodies = [part for part in root if part.tag == _BODY]
    others = [part for part in root if part.tag not in (_BODY, _HEADER)]
    if others or len(bodies) != 1:
        raise ClientFault(f"La busta SOAP deve contenere un solo Body: {_name(others[0] if others else root)}.")
    for entry in (entry for part in root if part.tag == _HEADER for entry in part):
        if entry.get(_MUST_UNDERSTAND) in ("1", "true"):
            raise ClientFault(f"Intestazione SOAP non compresa: {_name(entry)}.")
    if len(bodies[0]) != 1:
        raise ClientFault("Il Body deve contenere un solo elemento.")
    return bodies[0][0]


def _request(operation: Operation, element: etree._Element) -> Request:
    """Reads the fields of a message that is valid, or invalid in ways that have a code. Raises ClientFault."""
    too_long: tuple[str, ...] = ()
    token = element.find(f"{{{MESSAGES}}}token")
    if token is not None and token.text and len(token) == 0:
        token.text = id_sessione(token.text)  # before the check of its length: braces and line ends do not count
    if not schema.is_valid(element):
        too_long = _coded_only(operation, element)
    children = {_name(child): child for child in element}
    fields = {name: child.text or "" for name, child in children.items() if name not in INNER}
    identificativo = children.get("identificativo")
    pairs = [(_text(option, "chiave"), _text(option, "valore")) for option in children.get("opzioni", ())]
    return Request(
        operation, fields,
        None if identificativo is None else (_text(identificativo, "tipo"), _text(identificativo, "valore")),
        pairs, frozenset(children), too_long,
    )  # fmt: skip


def _coded_only(operation: Operation, element: etree._Element) -> tuple[str, ...]:
    """The names of the fields that are too long. Raises ClientFault for a violation that has no code."""
    for wrong in _out_of_place(element, FIELDS[operation], MESSAGES):
        raise ClientFault(f"Elemento non previsto o fuori posto: {wrong}.")
    found = schema.violations(element)
    for kind, name in found:
        if kind not in _CODED or (kind == "SCHEMAV_ELEMENT_CONTENT" and name in ("opzioni", "infoAggiuntive")):
            raise ClientFault(f"Elemento non conforme allo schema: {name}.")
    if any(
        len(extra) > OPTIONS_AT_MOST or any(len(pair) < 2 for pair in extra)
        for extra in element.iterfind(f"{{{MESSAGES}}}infoAggiuntive")
    ):
        raise ClientFault("Elemento non conforme allo schema: infoAggiuntive.")
    return tuple(name for kind, name in found if kind == "SCHEMAV_CVC_MAXLENGTH_VALID")


def _out_of_place(element: etree._Element, order: tuple[str, ...], namespace: str) -> Iterator[str]:
    """Yields the names of the elements that are unknown, repeated or out of order, at every depth."""
    allowed = {f"{{{namespace}}}{name}": place for place, name in enumerate(order)}
    last, repeats = -1, order == ("opzione",)
    for child in element:
        place = allowed.get(str(child.tag), -1)
        if place < last or place < 0 or (place == last and not repeats):
            yield _name(child)
        last = place
        if _name(child) in INNER:
            yield from _out_of_place(child, INNER[_name(child)], TYPES)


def _text(element: etree._Element, name: str) -> str | None:
    """The text of a child in the namespace of the types; None when it is absent."""
    child = next(element.iterchildren(f"{{{TYPES}}}{name}"), None)
    return None if child is None else child.text or ""


def _name(element: etree._Element) -> str:
    """The local name, cut at 60 characters: a fault repeats it."""
    return str(element.tag).rpartition("}")[2][:60]
