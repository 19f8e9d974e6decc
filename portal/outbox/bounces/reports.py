"""Parses the report of a mail server about a letter: with fields (RFC 3464), in whatever part they stand, or in prose.

Tries the fields first, then the prose. Takes nothing from mail of another kind (other_mail.py).
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

LONGEST = 512 * 1024  # bytes: ten times a report that returns a whole letter
KEPT_ANSWER = 300  # characters
SHOWN = 3000  # characters
MOST_HEADERS = 16 * 1024  # bytes
_DOMAIN = re.compile(r"@([A-Za-z0-9.-]{1,253})")
_CODE = re.compile(r"(?P<code>[245]\d\d)(?P<between>[ -]+)(?P<detail>[245]\.\d{1,3}\.\d{1,3})?")
_DELIVERED_TO = ("X-Original-To", "Delivered-To", "To")
_FAILURES = ("failed", "delayed")
_FIELD = re.compile(
    r"^(?:final-recipient|original-recipient|action|reporting-mta)[ \t]*:", re.IGNORECASE | re.MULTILINE
)


class NotAReport(Exception):
    """A reply of a person, an automatic reply, or good news: no failure to count."""


class Delivered(NotAReport):
    """The server reports that the letter reached its mailbox."""


class Complaint(NotAReport):
    """The reader, or the reader's provider, calls the letter spam (RFC 5965)."""


class Unread(NotAReport):
    """A mail server wrote the message, but no rule understands it: an operator must read it."""


class MalformedReport(Exception):
    """The message is declared a report but cannot be parsed as one: no recipient, no status, or too long."""


@dataclass(frozen=True)
class MailReport:
    """One server's report about one recipient."""

    action: str  # `failed` or `delayed`
    status: str  # RFC 3463: `5.1.1`
    answer: str  # in the form of an SMTP answer, addresses and codes masked: `550 5.1.1 no such user`
    recipients: frozenset[str]  # final and original, in normal form: a forwarded letter fails for another recipient
    reading: Reading  # of the whole answer; `answer` may be cut
    about_recipient: bool = True  # False: about a copy that the mailbox had forwarded


def read(raw: bytes, about: str = "") -> MailReport:
    """Parses a report about the letter sent to `about`; "" stands for the first recipient that did not get the letter.

    Raises NotAReport (Delivered, Complaint, Unread), MalformedReport.
    """
    message = parsed(raw)
    if is_complaint(message):
        raise Complaint
    if is_receipt(message):
        raise NotAReport
    recipients = fields_of(message)
    if recipients is not None:
        return _of_fields(recipients, about, message)
    is_declared = parameter(message, "report-type") == "delivery-status"
    if is_declared and _FIELD.search(
        text_of(message)
    ):  # fields in a part of another type; other servers write prose only
        raise MalformedReport
    found = prose.read(message, about) if about else None
    if found is None and is_declared:
        raise MalformedReport
    if found is None:
        is_from_server = prose.is_from_server(message, about) or prose.may_be_from_server(message, about)
        raise Unread if is_from_server and not is_robot(message) else NotAReport
    return _report("failed" if found.is_failed else "delayed", found.status, found.answer, frozenset(), found.is_about)


def _of_fields(recipients: list[StatusFields], about: str, message: Message) -> MailReport:
    """The report about the recipient `about` if the fields name it, else about the first that did not get the letter.

    When the fields hold a number alone, the words come from the text for people beside them.
    """
    if not recipients:
        raise MalformedReport
    matching = [fields for fields in recipients if about and fields.is_about(about)]
    for fields in matching or recipients:
        if fields.action in _FAILURES:
            if not fields.status and fields.has_status:
                raise MalformedReport
            is_about = bool(matching) or not about or not fields.recipients
            status = fields.status or ("4.0.0" if fields.action == "delayed" else "5.0.0")
            report = _report(fields.action, status, fields.diagnostic, fields.recipients, is_about)
            if report.reading.is_explicit or not matching:
                return report
            words = f"{fields.diagnostic} {prose.words_about(message, about)}"
            return replace(report, reading=reason_of(_answer(status, words)))
    if any(fields.action == "delivered" for fields in matching):
        raise Delivered
    if all(not fields.action for fields in recipients):
        raise MalformedReport
    raise NotAReport


def parsed(raw: bytes) -> Message:
    """Parses the message. Raises MalformedReport: the standard library fails on some bytes and recurses too deep on others."""
    if len(raw) > LONGEST:
        raise MalformedReport
    try:
        return message_from_bytes(plain_types(raw), policy=policy.compat32)
    except Exception as error:
        raise MalformedReport from error


def addressees(message: Message) -> list[str]:
    """The addresses of the report's recipient from its headers, for pipes that do not pass the envelope recipient."""
    values = [str(value) for name in _DELIVERED_TO for value in message.get_all(name, [])]
    return [address for _, address in getaddresses(values)]


def about_sender(raw: bytes) -> tuple[str, str]:
    """The subject (addresses and codes masked) and the domain of From; "" when there is none. Raises nothing."""
    try:
        message = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:MOST_HEADERS])
    except Exception:
        return "", ""
    subject = "".join(c for c in header(message, "Subject") if c.isprintable())
    found = _DOMAIN.search(header(message, "From"))
    return mask_secrets_in(subject)[:200], found[1].lower() if found else ""


def shown(raw: bytes) -> str:
    """The text of the report for the staff: without the returned letter, addresses and codes masked. Raises nothing."""
    try:
        message = parsed(raw)
    except MalformedReport:
        return ""
    results = [f"{fields.action} {fields.status} {fields.diagnostic}" for fields in fields_of(message) or []]
    text = "\n".join([prose.without_original(text_of(message)).strip(), *results])
    return mask_secrets_in("".join(c for c in text if c.isprintable() or c == "\n"))[:SHOWN]


def _report(action: str, status: str, diagnostic: str, recipients: frozenset[str], is_about: bool) -> MailReport:
    answer = _answer(status, diagnostic)
    return MailReport(
        action=action,
        status=status,
        answer=mask_secrets_in(answer)[:KEPT_ANSWER],
        recipients=recipients,
        reading=reason_of(answer),
        about_recipient=is_about,
    )


def _answer(status: str, diagnostic: str) -> str:
    """The diagnostic in the form of an SMTP answer: adds the code and status that prose and X-Postfix diagnostics lack."""
    code = _CODE.match(diagnostic)
    if code is None:
        text = f"{status[0]}50 {status} {diagnostic}"
    elif code["detail"]:
        text = diagnostic
    else:
        text = f"{code['code']} {status} {diagnostic[code.end() :]}"
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
