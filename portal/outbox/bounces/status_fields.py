"""Parses the fields of a delivery status notification (RFC 3464, RFC 6533): one server's result for each recipient."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from portal.outbox.bounces.mail_text import decoded, parts
from portal.values.mail_address import key

# The parser of the standard library splits a delivery-status part into fields before it decodes base64. Under a plain text type
# the part stays whole.
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
    """The result for one recipient."""

    action: str  # failed, delayed, delivered, relayed, expanded; "" for anything else
    status: str  # RFC 3463; "" when it is absent or malformed
    diagnostic: str  # Diagnostic-Code without its type, or the comments of the other fields
    recipients: frozenset[str]  # final and original, in normal form; a local part alone when the server named no domain
    has_status: bool  # the field is present, even if malformed
    reached: frozenset[str] = frozenset()  # the recipients that the server tried last; empty: unknown

    def is_about(self, address: str) -> bool:
        """True when the fields name this mailbox and the delivery failed there.

        A forwarded copy keeps the original recipient (RFC 3461, 5.2.7.1) and fails at a mailbox of another domain. A mailbox of
        the same domain, of a subdomain or without a domain is the same mailbox under another name.
        """
        mailbox = key(address)
        local, _, domain = mailbox.rpartition("@")
        if mailbox not in self.recipients and local not in self.recipients:
            return False
        return not self.reached or any(
            not at or reached == domain or reached.endswith(f".{domain}")
            for _, at, reached in (name.rpartition("@") for name in self.reached)
        )


def plain_types(raw: bytes) -> bytes:
    """Renames the content type of each status part to PLAIN_TYPE."""
    return _TYPES.sub(PLAIN_TYPE.encode(), raw)


def fields_of(message: Message) -> list[StatusFields] | None:
    """The recipients of the first status part, at any depth; None when there is no such part."""
    for part in parts(message):
        if part.get_content_type() == PLAIN_TYPE:
            return [_read(block) for block in _blocks(decoded(part)) if "action" in block]
    return None


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """Groups of fields, folded lines joined. Final-Recipient begins a group when the server forgot the empty line."""
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
    diagnostic = _typed(block.get("diagnostic-code", "")) or _typed(block.get("x-supplementary-info", ""))
    comments = " ".join(comment for name in ("action", "status") for comment in _COMMENT.findall(block.get(name, "")))
    final, original, actual = (
        frozenset(_names(block.get(f"{which}-recipient", ""))) for which in ("final", "original", "x-actual")
    )
    return StatusFields(
        action=ACTIONS.get(action[1] if action else "", ""),
        status=status[0] if status else "",
        diagnostic=diagnostic or comments,
        recipients=final | original | actual,
        has_status=bool(block.get("status", "").strip()),
        reached=actual or final,
    )


def _names(value: str) -> Iterator[str]:
    """The address of a field in each of its possible decodings; none for an empty field."""
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
