"""Takes in a report about a letter: parses it, writes it down, and marks the mailbox when it is dead."""

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

REPORTS_FOR = timedelta(days=10)  # servers give up after five days; a report about an older letter is ignored
DECIDED = "Deciso da un operatore"
MEANT = {
    UnreadReport.ReportDecision.DEAD: (Reason.DEAD, "5.1.1"),
    UnreadReport.ReportDecision.ABOUT_US: (Reason.ABOUT_US, "5.7.0"),
}


class BounceOutcome(Enum):
    """The result of receive(). Only WRITTEN counts a failure of the letter."""

    WRITTEN = "written down"
    KNOWN = "the same was known"
    REPLAYED = "this very report was seen before"
    NO_REPORT = "not a report of a failure"
    UNREAD = "kept for the staff: nothing could be read"
    MALFORMED = "malformed"
    UNKNOWN = "about no letter of ours"


def receive(raw: bytes, recipient: str | None, now: datetime) -> BounceOutcome:
    """Takes in one message that arrived at the bounce domain. `recipient`: the envelope recipient; None: see the headers."""
    letter = _letter([recipient], now) if recipient is not None else None
    try:
        if recipient is None:
            letter = _letter(reports.addressees(reports.parsed(raw)), now)
        if letter is None:
            return BounceOutcome.UNKNOWN
        report = reports.read(raw, letter.recipient)
    except reports.Delivered:
        _arrived(letter, now)  # type: ignore[arg-type]  # not None: the report was read for it
        return BounceOutcome.NO_REPORT
    except reports.Complaint:
        return _keep(letter, raw, now, UnreadReport.ReportKind.COMPLAINT, BounceOutcome.NO_REPORT)
    except reports.Unread:
        return _keep(letter, raw, now, UnreadReport.ReportKind.UNREAD, BounceOutcome.UNREAD)
    except reports.NotAReport:
        return BounceOutcome.NO_REPORT
    except reports.MalformedReport:
        return _keep(letter, raw, now, UnreadReport.ReportKind.UNREAD, BounceOutcome.MALFORMED)
    digest = sha256(raw).hexdigest()
    if Bounce.objects.filter(report=digest).exists():
        return BounceOutcome.REPLAYED
    is_new = _note(letter, report, digest, now)
    marking.settle(now)
    return BounceOutcome.WRITTEN if is_new else BounceOutcome.KNOWN


@transaction.atomic
def _arrived(letter: OutgoingMail, now: datetime) -> None:
    """Calls the listeners first: pharmacies come before letters in the order of locks."""
    mailbox_news.arrived(letter, now)
    letter.arrived(now)


def decide(unread: UnreadReport, decision: UnreadReport.ReportDecision, now: datetime) -> bool:
    """Writes down an operator's decision about a report as if the server had said it in words. False: it was decided already.

    Call it in the transaction of the journal's line, and marking.settle() after that commit.
    """
    if not unread.decide(decision, now):
        return False
    if decision in MEANT:
        reason, status = MEANT[decision]
        reading = Reading(reason, is_explicit=True)
        answer = f"550 {status} {DECIDED}: {reason.label}"
        report = reports.MailReport("failed", status, answer, frozenset(), reading)
        if not _note(unread.letter, report, unread.report, now):
            marking.found(unread.letter, reading, now)  # an earlier report had the same number, without words
    return True


def _keep(
    letter: OutgoingMail | None, raw: bytes, now: datetime, kind: UnreadReport.ReportKind, outcome: BounceOutcome
) -> BounceOutcome:
    """Keeps the report for an operator, if it has a letter; returns `outcome`."""
    if letter is not None:
        subject, domain = reports.about_sender(raw)
        UnreadReport.objects.keep(letter, raw, now, kind=kind, subject=subject, sender_domain=domain)
    return outcome


def _letter(addresses: list[str], now: datetime) -> OutgoingMail | None:
    letters = [letter for address in addresses if (letter := letter_of(address)) is not None]
    recent = OutgoingMail.objects.filter(pk__in=letters[:1], created_at__gt=now - REPORTS_FOR)
    return recent.defer("sealed_source").first()


@transaction.atomic
def _note(letter: OutgoingMail, report: reports.MailReport, digest: str, now: datetime) -> bool:
    """Writes the report down and, for a failure of this mailbox, fails the letter. False: an equal report was known."""
    try:
        with transaction.atomic():
            bounce = Bounce.objects.create(
                letter=letter, at=now, action=report.action, status=report.status, answer=report.answer,
                reason=report.reading.reason, is_explicit=report.reading.is_explicit,
                about_recipient=report.about_recipient, report=digest,
            )  # fmt: skip
    except IntegrityError:  # two reports at once, or a second report with the same facts
        return False
    if bounce.action == Bounce.Action.FAILED and bounce.about_recipient:  # False for a copy that the mailbox forwarded
        letter.came_back(now, bounce.answer, report.reading.reason)
        marking.found(letter, report.reading, now)
    return True
