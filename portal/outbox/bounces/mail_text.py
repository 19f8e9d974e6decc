"""Reads the parts, headers and texts of received mail, however malformed. Raises nothing."""

import re
from collections.abc import Iterator
from contextlib import suppress
from email.header import decode_header, make_header
from email.message import Message

from lxml.etree import strip_elements
from lxml.html import HTMLParser, document_fromstring

_UNSEEN = ("style", "script", "head", "title")
_LINES = ("br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "h4")
MOST_TEXT = 64 * 1024  # characters
MOST_HEADER = 2000
_RUNS = re.compile(r"[ \t]{20,}|(?:[ \t]*\n){3,}")


def header(message: Message, name: str) -> str:
    """The first header of this name, decoded, on one line; "" when there is none."""
    try:
        value = str(message.get(name) or "")[:MOST_HEADER]
    except Exception:  # the standard library fails on some bytes
        return ""
    with suppress(Exception):  # not an encoded word after all
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def parameter(message: Message, name: str) -> str:
    """A parameter of Content-Type, lower case; "" when there is none."""
    try:
        return str(message.get_param(name) or "").strip().lower()
    except Exception:  # an incomplete RFC 2231 value
        return ""


def parts(message: Message) -> list[Message]:
    """Every part, the outermost first; none when they are nested too deep."""
    try:
        return list(message.walk())
    except RecursionError:
        return []


def own_parts(message: Message) -> Iterator[Message]:
    """The leaf parts, without those of a message that a report returns."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        if part.get_content_maintype() == "message" or part.get_content_type() == "text/rfc822-headers":
            continue
        if part.is_multipart():  # before get_payload(), which may fail on a leaf
            waiting[:0] = [child for child in part.get_payload() if isinstance(child, Message)]
        else:
            yield part


def filename(part: Message) -> str:
    try:
        return part.get_filename() or ""
    except Exception:
        return ""


def decoded(part: Message) -> str:
    """The text of a leaf part, decoded even when its declared encoding or charset is wrong."""
    try:
        payload = part.get_payload(decode=True)
    except Exception:
        return ""
    if not isinstance(payload, bytes):
        return ""
    for charset in ("utf-8", parameter(part, "charset") or "latin-1"):
        try:
            return payload.decode(charset)
        except (LookupError, ValueError):
            continue
    return payload.decode("latin-1")


def text_of(message: Message) -> str:
    """The text that a person reads: the plain parts or, when there are none, the HTML parts without tags."""
    texts = {"text/plain": "", "text/html": ""}
    for part in own_parts(message):
        kind = part.get_content_type()
        if kind in texts:
            texts[kind] += decoded(part)[:MOST_TEXT] + "\n\n"
    plain = texts["text/plain"] if texts["text/plain"].strip() else _without_tags(texts["text/html"])
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").replace("’", "'")[:MOST_TEXT]
    return _RUNS.sub(lambda run: "\n\n" if "\n" in run[0] else " ", plain)


def _without_tags(html: str) -> str:
    """The text of the page, one line per block."""
    try:
        root = document_fromstring(
            html.encode("utf-8", "replace"), parser=HTMLParser(encoding="utf-8", remove_comments=True)
        )
        strip_elements(root, *_UNSEEN, with_tail=False)
        for element in root.iter(*_LINES):
            element.tail = f"\n{element.tail or ''}"
        return "".join(str(text) for text in root.itertext())
    except Exception:  # empty, or not parseable as HTML
        return ""
