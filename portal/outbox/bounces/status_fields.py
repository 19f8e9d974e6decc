"""Reads the fields of a delivery status notification (RFC 3464, RFC 6533): what one server says of each recipient."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from portal.outbox.bounces.mail_text import decoded, parts
from portal.values.mail_address import key

# The parser of the standard library takes the fields apart itself, before it undoes base64. As plain text they reach us whole.
_TYPES = re.compile(rb"message/(?:global-)?delivery-status", re.IGNORECASE)
PLAIN_TYPE = "text/x-delivery-status"
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
_COMMENT = re.compile(r"\(([^()]{0,500})\)")
_FIELD = re.compile(r"([!-9;-~]{1,60}?)[ \t]*:(.*)", re.DOTALL)
_TYPE = re.compile(r"\s*(rfc822|utf-?8|smtp|x-[\w-]+|dns|unknown|x400|lmtp)\s*;", re.IGNORECASE)
_XTEXT = re.compile(r"\+([0-9A-F]{2})")  # RFC 3461, 4: an ORCPT that was not decoded
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")  # RFC 6533, 3
ACTIONS = {
    "failed": "failed", "failure": "failed", "fail": "failed", "delayed": "delayed", "delay": "delayed",
    "delivered": "delivered", "relayed": "relayed", "expanded": "expanded",
}  # fmt: skip


@dataclass(frozen=True)
class StatusFields:
    """What is said of one recipient."""

    action: str  # failed, delayed, delivered, relayed, expanded; blank: something else
    status: str  # RFC 3463; blank: none that can be read
    said: str  # Diagnostic-Code without its type, or the comments of the other fields
    recipients: frozenset[str]  # final and original, in normal form; a local part alone when the server named no domain
    has_status: bool  # the field is there, whether it can be read or not
    reached: frozenset[str] = frozenset()  # those of `recipients` that the server tried last; empty: it does not say

    def is_about(self, address: str) -> bool:
        """It names this mailbox, and failed there: a forwarded copy keeps the original recipient (RFC 3461, 5.2.7.1) and fails
        at a mailbox of another domain. One of the same domain, below it or without a domain is ours under another name.
        """
        ours = key(address)
        local, _, domain = ours.rpartition("@")
        if ours not in self.recipients and local not in self.recipients:
            return False
        return not self.reached or any(
            not at or reached == domain or reached.endswith(f".{domain}")
            for _, at, reached in (name.rpartition("@") for name in self.reached)
        )


def plain_types(raw: bytes) -> bytes:
    """The same message with each status part under PLAIN_TYPE."""
    return _TYPES.sub(PLAIN_TYPE.encode(), raw)


def fields_of(message: Message) -> list[StatusFields] | None:
    """The recipients of the first status part, wherever it stands; None when there is no such part."""
    for part in parts(message):
        if part.get_content_type() == PLAIN_TYPE:
            return [_read(block) for block in _blocks(decoded(part)) if "action" in block]
    return None


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """Groups of fields, folded lines joined; a server that forgets the empty line begins anew with Final-Recipient."""
    for paragraph in re.split(r"\n[ \t\r]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        block: dict[str, str] = {}
        for line in re.sub(r"\n[ \t]+", " ", paragraph).split("\n"):
            found = _FIELD.fullmatch(line.strip())
            if found is None:
                continue
            name = found[1].lower()
            if name == "final-recipient" and name in block:
                yield block
                block = {}
            block.setdefault(name, found[2].strip())
        if block:
            yield block


def _read(block: dict[str, str]) -> StatusFields:
    action = re.match(r"\s*([a-z]+)", _COMMENT.sub(" ", block["action"]).lower())
    status = _STATUS.search(block.get("status", ""))
    said = _typed(block.get("diagnostic-code", "")) or _typed(block.get("x-supplementary-info", ""))
    comments = " ".join(comment for name in ("action", "status") for comment in _COMMENT.findall(block.get(name, "")))
    final, original, actual = (
        frozenset(_names(block.get(f"{which}-recipient", ""))) for which in ("final", "original", "x-actual")
    )
    return StatusFields(
        action=ACTIONS.get(action[1] if action else "", ""),
        status=status[0] if status else "",
        said=said or comments,
        recipients=final | original | actual,
        has_status=bool(block.get("status", "").strip()),
        reached=actual or final,
    )


def _names(value: str) -> Iterator[str]:
    """One address in each spelling that it may have been given; none for an empty field."""
    text = _typed(value)
    bracketed = re.search(r"<([^<>]+)>", text)
    name = (bracketed[1] if bracketed else _COMMENT.sub(" ", text)).strip().strip("\"'<>").strip()
    if not name:
        return
    for spelled in (name, _XTEXT.sub(_character, name), _UNITEXT.sub(_character, name)):
        yield key(spelled)


def _character(found: "re.Match[str]") -> str:
    number = int(found[1], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "?"


def _typed(value: str) -> str:
    """`rfc822; a@b.it` and `smtp; 550 …` without their type, on one line."""
    found = _TYPE.match(value)
    return " ".join((value[found.end() :] if found else value).split())
