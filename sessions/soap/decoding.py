"""Decodes the body of a call: media type, Content-Encoding, charset, XML. Fetches nothing, expands nothing, accepts no DTD."""

import codecs
import re
import zlib

from lxml import etree

from sessions.soap.faults import ClientFault, TooLarge, UnsupportedMediaType

LARGEST = 64 * 1024  # bytes of a request, as received and inflated
MEDIA_TYPES = ("text/xml", "application/xml")
CHARSETS = {"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be"}
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_GZIP = ("gzip", "x-gzip")  # two names of one coding (RFC 9110, section 8.4.1.3)
_WITH_GZIP_HEADER = 31  # wbits of zlib


def root_of(body: bytes, content_type: str, content_encoding: str = "") -> etree._Element:
    """Returns the root element of the message. The two headers as received, "" when absent. Raises ClientFault."""
    _refuse_other_media(content_type)
    text = _inflated(body, content_encoding)
    return _parsed(text, _encoding(content_type, text))


def _refuse_other_media(content_type: str) -> None:
    media = content_type.partition(";")[0].strip().lower()
    if media and media not in MEDIA_TYPES:
        raise UnsupportedMediaType(
            "Content-Type non ammesso: usa text/xml oppure application/xml.", ("Accept", ", ".join(MEDIA_TYPES))
        )


def _inflated(body: bytes, content_encoding: str) -> bytes:
    """The body without its gzip coding; stops at the limit. Raises UnsupportedMediaType, TooLarge, ClientFault."""
    coding = content_encoding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in _GZIP:
        raise UnsupportedMediaType("Content-Encoding non ammesso: usa gzip, o nessuno.", ("Accept-Encoding", "gzip"))
    text, left = b"", body
    while left:  # a gzip file may have several members (RFC 1952, section 2.2)
        member = zlib.decompressobj(wbits=_WITH_GZIP_HEADER)
        try:
            text += member.decompress(left, LARGEST + 1 - len(text))
        except zlib.error:
            raise ClientFault("Il messaggio non è un gzip valido.") from None
        if len(text) > LARGEST:
            raise TooLarge
        if not member.eof:
            raise ClientFault("Il messaggio in gzip è incompleto.")
        left = member.unused_data
    return text


def _encoding(content_type: str, text: bytes) -> str | None:
    """The charset of the Content-Type header, which wins over the document's (RFC 7303); None: libxml2 decides.

    Raises ClientFault.
    """
    found = _CHARSET.search(content_type)
    if found is None:
        return None
    try:
        charset = codecs.lookup(found.group(1).strip("'")).name
    except (LookupError, ValueError):
        charset = ""
    if charset not in CHARSETS:
        raise ClientFault("Codifica dei caratteri non ammessa: usa UTF-8.")
    if charset.startswith("utf-16"):
        return _utf_16(text)
    # Python and libxml2 name some encodings differently
    return {"cp1252": "windows-1252"}.get(charset, charset.replace("iso8859", "iso-8859"))


def _utf_16(text: bytes) -> str | None:
    """The byte order of a message that calls itself UTF-16: its first character is ASCII. None: it is no UTF-16."""
    if text[:1] == b"\0":
        return "UTF-16BE"
    return "UTF-16LE" if text[1:2] == b"\0" else None


def _parsed(text: bytes, encoding: str | None) -> etree._Element:
    """Parses the bytes and returns the root element. Raises ClientFault."""
    if text.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = None  # the byte order mark decides
    parser = etree.XMLParser(
        encoding=encoding, resolve_entities=False, load_dtd=False, dtd_validation=False, attribute_defaults=False,
        no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise ClientFault("Il messaggio non è XML ben formato.") from None  # libxml2's message may hold a value
    if root.getroottree().docinfo.internalDTD is not None:
        raise ClientFault("Il messaggio contiene una DTD, che non è ammessa.")
    return root
