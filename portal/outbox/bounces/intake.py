"""The story of a report that comes back: from its bytes to the letter, and to who must know that the mailbox is gone."""

from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from django.db import IntegrityError, transaction

from portal.outbox import marking
from portal.outbox.bounces import reports
from portal.outbox.hooks import mailbox_news
from portal.outbox.models import Bounce, OutgoingMail, UnreadReport
from portal.outbox.reasons import Reading, Reason
from portal.outbox.verp import letter_of

REPORTS_FOR = timedelta(days=10)  # servers give up after five days; a report about an older letter is nobody's
DECIDED = "Deciso da un operatore"
MEANT = {
    UnreadReport.Decision.DEAD: (Reason.DEAD, "5.1.1"),
    UnreadReport.Decision.ABOUT_US: (Reason.ABOUT_US, "5.7.0"),
}


class Outcome(Enum):
    """What became of a report. Only the first changes anything about a letter."""

    WRITTEN = "written down"
    KNOWN = "the same was known"
    REPLAYED = "this very report was seen before"
    NO_REPORT = "not a report of a failure"
    UNREAD = "kept for the staff: nothing could be read"
    MALFORMED = "malformed"
    UNKNOWN = "about no letter of ours"


def receive(raw: bytes, recipient: str | None, now: datetime) -> Outcome:
    """One message that arrived at the bounce domain. `recipient`: the envelope recipient; None reads it from the headers."""
    letter = _letter([recipient], now) if recipient is not None else None
    try:
        if recipient is None:
            letter = _letter(reports.addressees(reports.parsed(raw)), now)
        if letter is None:
            return Outcome.UNKNOWN
        report = reports.read(raw, letter.recipient)
    except reports.Delivered:
        _arrived(letter, now)  # type: ignore[arg-type]  # there was a letter to read the report for
        return Outcome.NO_REPORT
    except reports.Complaint:
        return _keep(letter, raw, now, UnreadReport.Kind.COMPLAINT, Outcome.NO_REPORT)
    except reports.Unread:
        return _keep(letter, raw, now, UnreadReport.Kind.UNREAD, Outcome.UNREAD)
    except reports.NotAReport:
        return Outcome.NO_REPORT
    except reports.Malformed:
        return _keep(letter, raw, now, UnreadReport.Kind.UNREAD, Outcome.MALFORMED)
    digest = sha256(raw).hexdigest()
    if Bounce.objects.filter(report=digest).exists():
        return Outcome.REPLAYED
    is_new = _note(letter, report, digest, now)
    marking.settle(now)
    return Outcome.WRITTEN if is_new else Outcome.KNOWN


@transaction.atomic
def _arrived(letter: OutgoingMail, now: datetime) -> None:
    """The listeners first: pharmacies come before letters in the order of locks."""
    mailbox_news.arrived(letter, now)
    letter.arrived(now)


def decide(unread: UnreadReport, decision: UnreadReport.Decision, now: datetime) -> bool:
    """A person read it: what it means for its letter is written down as if the server had said it in words.

    To be called in the transaction of the journal's line; the caller settles after it (marking.settle). False: somebody else
    had decided.
    """
    if not unread.decide(decision, now):
        return False
    if decision in MEANT:
        reason, status = MEANT[decision]
        reading = Reading(reason, is_explicit=True)
        said = f"550 {status} {DECIDED}: {reason.label}"
        if not _note(unread.letter, reports.Report("failed", status, said, frozenset(), reading), unread.report, now):
            marking.found(unread.letter, reading, now)  # a report had said so in a number alone
    return True


def _keep(letter: OutgoingMail | None, raw: bytes, now: datetime, kind: UnreadReport.Kind, outcome: Outcome) -> Outcome:
    """For a person to look at; without a letter there is nothing to decide."""
    if letter is not None:
        subject, domain = reports.about_sender(raw)
        UnreadReport.objects.keep(letter, raw, now, kind=kind, subject=subject, sender_domain=domain)
    return outcome


def _letter(addresses: list[str], now: datetime) -> OutgoingMail | None:
    letters = [letter for address in addresses if (letter := letter_of(address)) is not None]
    recent = OutgoingMail.objects.filter(pk__in=letters[:1], created_at__gt=now - REPORTS_FOR)
    return recent.defer("sealed_source").first()


@transaction.atomic
def _note(letter: OutgoingMail, report: reports.Report, digest: str, now: datetime) -> bool:
    """Writes the report down, and that the letter came back. False: the same was known."""
    try:
        with transaction.atomic():
            bounce = Bounce.objects.create(
                letter=letter, at=now, action=report.action, status=report.status, answer=report.answer,
                reason=report.reading.reason, is_explicit=report.reading.is_explicit,
                about_recipient=report.about_recipient, report=digest,
            )  # fmt: skip
    except IntegrityError:  # two reports at once, or a second one that says the same
        return False
    if bounce.action == Bounce.Action.FAILED and bounce.about_recipient:  # not a copy that was forwarded
        letter.came_back(now, bounce.answer, report.reading.reason)
        marking.found(letter, report.reading, now)
    return True
