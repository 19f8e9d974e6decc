"""Reads a SOAP 1.1 envelope into a request. Its XML is parsed by sessions.soap.decoding."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from lxml import etree

from portal.values.pasted import id_sessione
from sessions.soap import decoding, schema
from sessions.soap.decoding import LARGEST
from sessions.soap.faults import ClientFault, NotUnderstood, VersionMismatch
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

__all__ = ["LARGEST", "Request", "read"]
_ENVELOPE, _HEADER, _BODY = f"{{{SOAP}}}Envelope", f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"
_MUST_UNDERSTAND, _ACTOR = f"{{{SOAP}}}mustUnderstand", f"{{{SOAP}}}actor"
_FOR_US = ("", "http://schemas.xmlsoap.org/soap/actor/next")  # absent: for the last receiver, which is the portal
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
# Typed APIs write these on any element: its type (or null), and the encoding of SOAP. None of it is content.
_NIL = f"{{{_XSI}}}nil"
_NOT_CONTENT = (_NIL, f"{{{_XSI}}}type", f"{{{SOAP}}}encodingStyle")
_LISTS = (f"{{{MESSAGES}}}opzioni", f"{{{MESSAGES}}}infoAggiuntive")
_VALORE = f"{{{TYPES}}}valore"
WHITE_SPACE = " \t\r\n"  # of XML
_CODED = {"SCHEMAV_CVC_MAXLENGTH_VALID", "SCHEMAV_CVC_MINLENGTH_VALID", "SCHEMAV_ELEMENT_CONTENT"}


@dataclass(frozen=True)
class Request:
    """The fields of a request as received: None is absent, "" is present and empty. Never log it: it holds secrets."""

    operation: Operation
    fields: dict[str, str]  # the simple fields of wire_words.FIELDS
    identificativo: tuple[str | None, str | None] | None  # tipo, valore
    options: list[tuple[str | None, str | None]]  # chiave, valore
    has: frozenset[str]  # names of all elements present
    too_long: tuple[str, ...]  # the fields over their maximum length: `userId`, `identificativo/valore`

    def __repr__(self) -> str:
        return f"Request({self.operation.value})"

    def get(self, name: str) -> str:
        """The text of a simple field, "" when it is absent."""
        return self.fields.get(name, "")


def read(body: bytes, content_type: str, action: str, content_encoding: str = "") -> Request:
    """Parses a request. `action`: the SOAPAction header as received. Raises ClientFault."""
    element = _body_of(decoding.root_of(body, content_type, content_encoding))
    operation = BY_REQUEST.get(str(element.tag))
    if operation is None:
        raise ClientFault(f"Operazione sconosciuta: {_name(element)}.")
    wanted = action.strip().strip("\"'").strip()
    if wanted and BY_ACTION.get(wanted) is not operation:
        raise ClientFault(f"La SOAPAction non corrisponde al messaggio {_name(element)}.")
    return _request(operation, element)


def _body_of(root: etree._Element) -> etree._Element:
    """Returns the only element inside the Body. Raises ClientFault."""
    if root.tag != _ENVELOPE:
        kind = VersionMismatch if _name(root) == "Envelope" else ClientFault
        raise kind(f"Il messaggio non è una busta SOAP 1.1: {_name(root)}.")
    bodies = [part for part in root if part.tag == _BODY]
    others = [part for part in root if part.tag not in (_BODY, _HEADER)]
    if others or len(bodies) != 1:
        raise ClientFault(f"La busta SOAP deve contenere un solo Body: {_name(others[0] if others else root)}.")
    for block in (block for part in root if part.tag == _HEADER for block in part):
        _refuse_unless_optional(block)
    if len(bodies[0]) != 1:
        raise ClientFault("Il Body deve contenere un solo elemento.")
    return bodies[0][0]


def _refuse_unless_optional(block: etree._Element) -> None:
    """Refuses a header block that its author wants understood; ignores one for another actor (SOAP 1.1, section 4.2)."""
    if block.get(_ACTOR, "").strip(WHITE_SPACE) not in _FOR_US:
        return
    match block.get(_MUST_UNDERSTAND, "0").strip(WHITE_SPACE):
        case "0":
            return
        case "1":
            raise NotUnderstood(f"Intestazione SOAP non compresa: {_name(block)}.")
        case _:
            raise ClientFault(f"Nell’intestazione SOAP {_name(block)} mustUnderstand deve valere 0 oppure 1.")


def _request(operation: Operation, element: etree._Element) -> Request:
    """Reads the fields of a message that is valid, or invalid in ways that have a code. Raises ClientFault."""
    too_long: tuple[str, ...] = ()
    token = element.find(f"{{{MESSAGES}}}token")
    if token is not None and token.text and len(token) == 0:
        token.text = id_sessione(token.text)  # before the check of its length: braces and line ends do not count
    if not schema.is_valid(element):
        _clean(element)
        too_long = () if schema.is_valid(element) else _coded_only(operation, element)
    children = {_name(child): child for child in element}
    fields = {name: _stripped(child) for name, child in children.items() if name not in INNER}
    identificativo = children.get("identificativo")
    pairs = [(_text(option, "chiave"), _text(option, "valore")) for option in children.get("opzioni", ())]
    return Request(
        operation, fields,
        None if identificativo is None else (_text(identificativo, "tipo"), _text(identificativo, "valore")),
        pairs, frozenset(children), too_long,
    )  # fmt: skip


def _clean(element: etree._Element) -> None:
    """Removes from a message what is no content: white space around a value and in base64, types, empty lists, null elements.

    Typed APIs send `<opzioni/>` and `xsi:nil="true"` for what is absent. A client wraps the base64 of a pincode at 64 or 76
    columns: the length of a field is that of its characters without white space (docs/contract.md, section 2).
    """
    for part in reversed(list(element.iter(etree.Element))):  # the inner ones first: all that is in a list may be null
        is_null = part.tag in _LISTS or part.get(_NIL, "").strip(WHITE_SPACE) in ("true", "1")
        for name in _NOT_CONTENT:
            part.attrib.pop(name, "")
        parent = part.getparent()
        if len(part) or parent is None:
            continue
        part.text = _stripped(part)
        if part.tag == _VALORE and _name(parent) == "identificativo":
            part.text = "".join(part.text.split())
        if is_null and part is not element and not part.text and not (part.tail or "").strip(WHITE_SPACE):
            parent.remove(part)


def _coded_only(operation: Operation, element: etree._Element) -> tuple[str, ...]:
    """The names of the fields that are too long. Raises ClientFault for a violation that has no code."""
    for wrong in _out_of_place(element, FIELDS[operation], MESSAGES):
        raise ClientFault(f"Elemento non previsto o fuori posto: {wrong}.")
    found = schema.violations(element)
    for kind, name in found:
        if kind not in _CODED:
            raise ClientFault(f"Elemento non conforme allo schema: {name}.")
    options, further = (element.find(tag) for tag in _LISTS)
    for extra in (options, further):
        if extra is not None and len(extra) > OPTIONS_AT_MOST:
            raise ClientFault(f"Elemento non conforme allo schema: {_name(extra)}.")
    if further is not None and any(len(pair) < len(INNER["opzione"]) for pair in further):
        raise ClientFault(f"Elemento non conforme allo schema: {_name(further)}.")  # for an option 08 and 09 say more
    return tuple(_path(element, name) for kind, name in found if kind == "SCHEMAV_CVC_MAXLENGTH_VALID")


def _path(element: etree._Element, name: str) -> str:
    """`identificativo/valore`: the way to the longest of the fields with this name."""
    namesakes = (part for part in element.iter(etree.Element) if _name(part) == name)
    longest = max(namesakes, key=lambda part: len(part.text or ""))
    above = takewhile(lambda part: part is not element, longest.iterancestors())
    return "/".join(reversed([name, *map(_name, above)]))


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
    return None if child is None else _stripped(child)


def _stripped(element: etree._Element) -> str:
    return (element.text or "").strip(WHITE_SPACE)


def _name(element: etree._Element) -> str:
    """The local name, cut at 60 characters: a fault repeats it."""
    return str(element.tag).rpartition("}")[2][:60]
