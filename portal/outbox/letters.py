"""Renders a letter from three templates of the same name and writes it as one row of the outbox."""

from binascii import b2a_qp
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.charset import QP, Charset
from email.header import Header
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template import Context
from django.template.loader import get_template, render_to_string

from portal.outbox.models import OutgoingMail, Priority
from portal.outbox.waking import wake_after_commit
from portal.secrets.masking import domain_of
from portal.secrets.sealing import seal
from portal.time import database_clock
from portal.values.mail_address import ascii_address


class _QuotedPrintable(Charset):
    """UTF-8 in quoted-printable: a relay that re-encodes 8bit would break the signature. Faster than Python's, which encodes byte by byte."""

    def __init__(self) -> None:
        super().__init__("utf-8")
        self.body_encoding = QP

    def body_encode(self, text: str | bytes) -> str:  # type: ignore[override]
        return b2a_qp(text.encode() if isinstance(text, str) else text).decode("ascii")


UTF8 = _QuotedPrintable()
PLAIN_LETTER_FOR = timedelta(days=1)  # the life of a message without an envelope


_held: ContextVar[list[OutgoingMail] | None] = ContextVar("letters_held", default=None)


@contextmanager
def written_at_once() -> Iterator[None]:
    """Writes the letters posted inside with one statement at the end; they have no key before. Saves a round trip per letter."""
    rows: list[OutgoingMail] = []
    token = _held.set(rows)
    try:
        yield
    finally:
        _held.reset(token)
    OutgoingMail.objects.bulk_create(rows)


@dataclass(frozen=True)
class Envelope:
    """The facts about a letter that the outbox needs beside its text."""

    kind: OutgoingMail.Kind
    about: str  # the code of the pharmacy
    now: datetime
    give_up_at: datetime  # the letter is useless after this (UTC)
    secret: bool = False  # the letter carries a code or an id


class Letter(EmailMultiAlternatives):
    """An e-mail that knows its envelope and, once sent, its row."""

    envelope: Envelope
    row: OutgoingMail
    encoding = UTF8

    def message(self, **policy: Any) -> Any:
        """Sets a random boundary (without one, Python searches every line of the text for a free one) and a Subject that begins on its line.

        Django's encoding of a subject leaves its first line empty when the first encoded word is long: filters of mail programs
        that look at the start of the subject then find a space.
        """
        message = super().message(**policy)
        message.set_boundary(f"=_{uuid4().hex}")
        subject = str(self.subject)
        if not subject.isascii():
            message.replace_header("Subject", Header(subject, self.encoding, header_name="Subject").encode())
        return message


class NotOneRecipient(Exception):
    """A letter must have exactly one recipient, because the server's answer is about one mailbox."""


def post(
    envelope: Envelope,
    recipient: str,
    template: str,
    context: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> OutgoingMail:
    """Renders templates/mail/<template>.{subject.txt,txt,html} and writes the letter, inside the caller's transaction.

    `headers`: additional headers, for programs that read the mailbox. Raises OutsideTransaction.
    """
    letter = _rendered(envelope, recipient, template, context, headers, f"<{uuid4()}@{settings.MAIL_DOMAIN}>")
    letter.send()
    return letter.row


def write_anew(
    row: OutgoingMail,
    envelope: Envelope,
    template: str,
    context: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> None:
    """Replaces the text, the subject and `give_up_at` of a letter that has not left. Saves.

    The Message-ID stays: a server that was being handed the old text in this instant brings one letter, not two. A worker that
    holds the lease loses it, so that it does not send the old text. The caller has locked the row.
    """
    letter = _rendered(envelope, row.recipient, template, context, headers, row.message_id)
    letter.to = [ascii_address(row.recipient)]
    if row.leased_until is not None:
        row.leased_until, row.next_attempt_at = None, envelope.now
    row.subject, row.give_up_at = str(letter.subject)[:200], envelope.give_up_at
    row.sealed_source = seal(letter.message().as_bytes())
    row.save(update_fields=["subject", "give_up_at", "sealed_source", "leased_until", "next_attempt_at"])
    wake_after_commit(Priority(row.priority))


def _rendered(
    envelope: Envelope,
    recipient: str,
    template: str,
    context: dict[str, Any],
    headers: dict[str, str] | None,
    message_id: str,
) -> Letter:
    context = {
        "portal_url": settings.PORTAL_URL,
        "assistance_phone": settings.ASSISTANCE_PHONE,
        "collaudo": settings.COLLAUDO,
        "now": envelope.now,
        **context,
    }
    letter = Letter(
        _one_line(_plain(f"mail/{template}.subject.txt", context)),
        _plain(f"mail/{template}.txt", context),
        to=[recipient],
        headers={
            "Message-ID": message_id,
            # real time also when people moved the portal's clock: mailboxes sort by it, and filters distrust a date to come
            "Date": format_datetime(database_clock.real_of(envelope.now)),
            "Auto-Submitted": "auto-generated",  # RFC 3834
            "X-Auto-Response-Suppress": "All",
            "Content-Language": "it",
            "X-Portale-Tipo": envelope.kind.value,
            **(headers or {}),
        },
    )
    letter.attach_alternative(render_to_string(f"mail/{template}.html", context), "text/html")
    letter.envelope = envelope
    return letter


def _plain(name: str, context: dict[str, Any]) -> str:
    """Renders a text template without HTML escaping: D'Angelo stays D'Angelo."""
    template: Any = get_template(name)  # Django's own engine is the only one in TEMPLATES
    rendered: str = template.template.render(Context(context, autoescape=False))
    return rendered


def _one_line(text: str) -> str:
    """Replaces CR, LF and other control characters by spaces, so that a subject cannot inject a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def write_down(message: EmailMessage) -> None:
    """Writes the row of a message, for the backend; a plain EmailMessage (not a Letter) lives PLAIN_LETTER_FOR.

    Raises NotOneRecipient.
    """
    message.to = [ascii_address(address) for address in message.to]  # Django would write another domain (IDNA 2003)
    recipients = message.recipients()
    if len(recipients) != 1:
        raise NotOneRecipient
    now = database_clock.now()
    envelope = getattr(message, "envelope", None) or Envelope(OutgoingMail.Kind.NOTICE, "", now, now + PLAIN_LETTER_FOR)
    source = message.message()
    row = OutgoingMail(
        kind=envelope.kind,
        priority=OutgoingMail.PRIORITY_OF.get(envelope.kind, Priority.NOTICE),
        domain=domain_of(recipients[0]).lower(),
        about=envelope.about,
        recipient=recipients[0],
        subject=str(message.subject)[:200],
        message_id=source["Message-ID"],
        secret=envelope.secret,
        sealed_source=seal(source.as_bytes()),
        created_at=envelope.now,
        next_attempt_at=envelope.now,
        give_up_at=envelope.give_up_at,
    )
    held = _held.get()
    if held is None:
        row.save(force_insert=True)
    else:
        held.append(row)
    if isinstance(message, Letter):
        message.row = row
    wake_after_commit(Priority(row.priority))
