"""Reads a delivery status notification (RFC 3464) as a mail server wrote it, with the email package of the standard library."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses

from portal.mail_address import key
from portal.masking import mask_secrets_in

LONGEST = 512 * 1024  # bytes: a report with our whole letter in it is a tenth of that
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_CODE = re.compile(r"(?P<code>[245]\d\d)(?P<between>[ -]+)(?P<detail>[245]\.\d{1,3}\.\d{1,3})?")
_DELIVERED_TO = ("X-Original-To", "Delivered-To", "To")
_ACTIONS = ("failed", "delayed")  # «delivered», «relayed» and «expanded» are good news


class NotAReport(Exception):  # noqa: N818
    """An answer of a person or of a holiday robot, or good news: nothing to count."""


class Malformed(Exception):  # noqa: N818
    """It says that it is a report, and is none: no recipient, no status, or too long."""


@dataclass(frozen=True)
class Report:
    """What one server says of one recipient."""

    action: str  # `failed` or `delayed`
    status: str  # RFC 3463: `5.1.1`
    answer: str  # as an SMTP server would have said it, addresses and codes masked: `550 5.1.1 no such user`
    recipients: frozenset[
        str
    ]  # final and original, see mail_address.key(): a forwarded letter comes back for somebody else


def read(raw: bytes) -> Report:
    """The first recipient of the report that did not get the letter. Raises NotAReport, Malformed."""
    message = parsed(raw)
    if message.get_content_type() != "multipart/report" or message.get_param("report-type") != "delivery-status":
        raise NotAReport
    recipients = [part for part in _blocks(message) if part["Action"]]
    if not recipients:
        raise Malformed
    for block in recipients:
        if _word(block["Action"]) in _ACTIONS:
            return _report(block)
    raise NotAReport


def parsed(raw: bytes) -> Message:
    """Raises Malformed: the parser of the standard library gives up on some bytes, and goes too deep on others."""
    if len(raw) > LONGEST:
        raise Malformed
    try:
        return message_from_bytes(raw, policy=policy.compat32)
    except Exception as error:
        raise Malformed from error


def addressees(message: Message) -> list[str]:
    """Whom the report was sent to, as the last server wrote it: for pipes that do not pass the envelope recipient."""
    values = [str(value) for name in _DELIVERED_TO for value in message.get_all(name, [])]
    return [address for _, address in getaddresses(values)]


def _blocks(message: Message) -> Iterator[Message]:
    """The groups of fields of the status part: the first is about the message, each other about one recipient."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            yield from (block for block in payload if isinstance(block, Message)) if isinstance(payload, list) else ()
            return


def _report(block: Message) -> Report:
    found = _STATUS.search(str(block["Status"] or ""))
    if found is None:
        raise Malformed
    names = (_typed(block[name]) for name in ("Final-Recipient", "Original-Recipient"))
    return Report(
        action=_word(block["Action"]),
        status=found[0],
        answer=_answer(found[0], _typed(block["Diagnostic-Code"])),
        recipients=frozenset(key(name.strip("<> ")) for name in names if name),
    )


def _answer(status: str, diagnostic: str) -> str:
    code = _CODE.match(diagnostic)
    if code is None:
        text = f"{status[0]}50 {status} {diagnostic}"
    elif code["detail"]:
        text = diagnostic
    else:
        text = f"{code['code']} {status} {diagnostic[code.end() :]}"
    one_line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return mask_secrets_in(one_line)[:300]


def _typed(value: object) -> str:
    """`rfc822; a@b.it` and `smtp; 550 …` without their type."""
    text = str(value or "")
    kind, separator, rest = text.partition(";")
    return " ".join((rest if separator and " " not in kind.strip() else text).split())


def _word(value: object) -> str:
    return str(value or "").strip().lower()
