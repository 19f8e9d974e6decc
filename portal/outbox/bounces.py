"""The story of a report that comes back: from its bytes to the letter, and to who must know that the mailbox is gone."""

from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from django.db import IntegrityError, transaction

from portal.outbox import marking, refusals, reports
from portal.outbox.models import Bounce, OutgoingMail
from portal.outbox.verp import letter_of

REPORTS_FOR = timedelta(days=10)  # servers give up after five days; a report about an older letter is nobody's


class Outcome(Enum):
    """What became of a report. Only the first changes anything."""

    WRITTEN = "written down"
    KNOWN = "the same was known"
    REPLAYED = "this very report was seen before"
    NO_REPORT = "not a report of a failure"
    MALFORMED = "malformed"
    UNKNOWN = "about no letter of ours"


def receive(raw: bytes, recipient: str | None, now: datetime) -> Outcome:
    """One message that arrived at the bounce domain. `recipient`: the envelope recipient; None reads it from the headers."""
    try:
        message = reports.parsed(raw)
        letter = _letter([recipient] if recipient is not None else reports.addressees(message), now)
        if letter is None:
            return Outcome.UNKNOWN
        report = reports.read(raw, letter.recipient)
    except reports.Delivered:
        _arrived(letter, now)  # type: ignore[arg-type]  # there was a letter to read the report for
        return Outcome.NO_REPORT
    except reports.NotAReport:
        return Outcome.NO_REPORT
    except reports.Malformed:
        return Outcome.MALFORMED
    digest = sha256(raw).hexdigest()
    if Bounce.objects.filter(report=digest).exists():
        return Outcome.REPLAYED
    return _write_down(letter, report, digest, now)


@transaction.atomic
def _arrived(letter: OutgoingMail, now: datetime) -> None:
    """The listeners first: pharmacies come before letters in the order of locks."""
    refusals.arrived(letter, now)
    letter.arrived(now)


def _letter(addresses: list[str], now: datetime) -> OutgoingMail | None:
    letters = [letter for address in addresses if (letter := letter_of(address)) is not None]
    recent = OutgoingMail.objects.filter(pk__in=letters[:1], created_at__gt=now - REPORTS_FOR)
    return recent.defer("sealed_source").first()


def _write_down(letter: OutgoingMail, report: reports.Report, digest: str, now: datetime) -> Outcome:
    with transaction.atomic():
        try:
            with transaction.atomic():
                bounce = Bounce.objects.create(
                    letter=letter, at=now, action=report.action, status=report.status, answer=report.answer,
                    reason=report.reading.reason, is_explicit=report.reading.is_explicit,
                    about_recipient=report.about_recipient, report=digest,
                )  # fmt: skip
        except IntegrityError:  # two reports at once, or a second one that says the same
            return Outcome.KNOWN
        if bounce.action == Bounce.Action.FAILED and bounce.about_recipient:  # not a copy that was forwarded
            letter.came_back(now, bounce.answer, report.reading.reason)
            marking.found(letter, report.reading, now)
    marking.settle(now)
    return Outcome.WRITTEN
