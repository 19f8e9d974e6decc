"""Reads what a mail server sends back about a letter: a report with fields (RFC 3464) wherever it stands, or one in prose.

First the fields, then the prose; nothing is taken from mail that is something else (other_mail.py).
"""

import re
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from portal.outbox.bounces import prose
from portal.outbox.bounces.mail_text import header, parameter, text_of
from portal.outbox.bounces.other_mail import is_complaint, is_receipt, is_robot
from portal.outbox.bounces.status_fields import StatusFields, fields_of, plain_types
from portal.outbox.reasons import Reading
from portal.outbox.reasons import read as reason_of
from portal.secrets.masking import mask_secrets_in

LONGEST = 512 * 1024  # bytes: a report with our whole letter in it is a tenth of that
KEPT_ANSWER = 300  # characters
SHOWN = 3000
MOST_HEADERS = 16 * 1024  # bytes
_DOMAIN = re.compile(r"@([A-Za-z0-9.-]{1,253})")
_CODE = re.compile(r"(?P<code>[245]\d\d)(?P<between>[ -]+)(?P<detail>[245]\.\d{1,3}\.\d{1,3})?")
_DELIVERED_TO = ("X-Original-To", "Delivered-To", "To")
_FAILURES = ("failed", "delayed")


class NotAReport(Exception):
    """An answer of a person or of a holiday robot, or good news: nothing to count."""


class Delivered(NotAReport):
    """The server says that the letter reached its mailbox."""


class Complaint(NotAReport):
    """The reader, or the reader's provider, calls the letter spam (RFC 5965)."""


class Unread(NotAReport):
    """A mail server wrote it, and what it says of the letter cannot be read: a person must look."""


class Malformed(Exception):
    """It says that it is a report, and is none: no recipient, no status, or too long."""


@dataclass(frozen=True)
class Report:
    """What one server says of one recipient."""

    action: str  # `failed` or `delayed`
    status: str  # RFC 3463: `5.1.1`
    answer: str  # as an SMTP server would have said it, addresses and codes masked: `550 5.1.1 no such user`
    recipients: frozenset[str]  # final and original, in normal form: a forwarded letter comes back for somebody else
    reading: Reading  # what the whole answer means, of which `answer` is a part
    about_recipient: bool = True  # False: it is about a copy that the mailbox had forwarded elsewhere


def read(raw: bytes, about: str = "") -> Report:
    """What became of the letter that was sent to `about` (blank: to the first recipient of the report that did not get it).

    Raises NotAReport (Delivered, Complaint, Unread), Malformed.
    """
    message = parsed(raw)
    if is_complaint(message):
        raise Complaint
    if is_receipt(message):
        raise NotAReport
    recipients = fields_of(message)
    if recipients is not None:
        return _of_fields(recipients, about, message)
    if parameter(message, "report-type") == "delivery-status":
        raise Malformed
    found = prose.read(message, about) if about else None
    if found is None:
        is_servers = prose.is_from_server(message, about) or prose.may_be_from_server(message, about)
        raise Unread if is_servers and not is_robot(message) else NotAReport
    return _report("failed" if found.is_failed else "delayed", found.status, found.said, frozenset(), found.is_about)


def _of_fields(recipients: list[StatusFields], about: str, message: Message) -> Report:
    """Of the recipient that we wrote to, if it is named; else of the first that did not get the letter.

    Where the fields say a number alone, the text for people beside them may have words.
    """
    if not recipients:
        raise Malformed
    ours = [fields for fields in recipients if about and fields.is_about(about)]
    for fields in ours or recipients:
        if fields.action in _FAILURES:
            if not fields.status and fields.has_status:
                raise Malformed
            is_about = bool(ours) or not about or not fields.recipients
            status = fields.status or ("4.0.0" if fields.action == "delayed" else "5.0.0")
            report = _report(fields.action, status, fields.said, fields.recipients, is_about)
            if report.reading.is_explicit or not ours:
                return report
            words = f"{fields.said} {prose.words_about(message, about)}"
            return replace(report, reading=reason_of(_answer(status, words)))
    if any(fields.action == "delivered" for fields in ours):
        raise Delivered
    if all(not fields.action for fields in recipients):
        raise Malformed
    raise NotAReport


def parsed(raw: bytes) -> Message:
    """Raises Malformed: the parser of the standard library gives up on some bytes, and goes too deep on others."""
    if len(raw) > LONGEST:
        raise Malformed
    try:
        return message_from_bytes(plain_types(raw), policy=policy.compat32)
    except Exception as error:
        raise Malformed from error


def addressees(message: Message) -> list[str]:
    """Whom the report was sent to, as the last server wrote it: for pipes that do not pass the envelope recipient."""
    values = [str(value) for name in _DELIVERED_TO for value in message.get_all(name, [])]
    return [address for _, address in getaddresses(values)]


def about_sender(raw: bytes) -> tuple[str, str]:
    """The subject, addresses and codes masked, and the domain it says that it comes from; blank: none. Raises nothing."""
    try:
        message = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:MOST_HEADERS])
    except Exception:
        return "", ""
    subject = "".join(c for c in header(message, "Subject") if c.isprintable())
    found = _DOMAIN.search(header(message, "From"))
    return mask_secrets_in(subject)[:200], found[1].lower() if found else ""


def shown(raw: bytes) -> str:
    """What the server wrote, for the staff: without the letter that it returns, addresses and codes masked. Raises nothing."""
    try:
        message = parsed(raw)
    except Malformed:
        return ""
    said = [f"{fields.action} {fields.status} {fields.said}" for fields in fields_of(message) or []]
    text = "\n".join([prose.without_original(text_of(message)).strip(), *said])
    return mask_secrets_in("".join(c for c in text if c.isprintable() or c == "\n"))[:SHOWN]


def _report(action: str, status: str, said: str, recipients: frozenset[str], is_about: bool) -> Report:
    answer = _answer(status, said)
    return Report(
        action=action,
        status=status,
        answer=mask_secrets_in(answer)[:KEPT_ANSWER],
        recipients=recipients,
        reading=reason_of(answer),
        about_recipient=is_about,
    )


def _answer(status: str, said: str) -> str:
    """With a code in front, whatever the server wrote: what a prose or an X-Postfix diagnostic says has none."""
    code = _CODE.match(said)
    if code is None:
        text = f"{status[0]}50 {status} {said}"
    elif code["detail"]:
        text = said
    else:
        text = f"{code['code']} {status} {said[code.end() :]}"
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
