"""Rests recipient domains that refuse letters for now or answer much more slowly than the others."""

import logging
from collections import deque
from datetime import datetime, timedelta
from statistics import median

from django.conf import settings

from portal.outbox.letter_outcome import is_about_mailbox
from portal.outbox.models import MailDomain, OutgoingMail, Rest
from portal.outbox.reasons import Reason
from portal.outbox.sending.smtp import SmtpAnswer
from portal.secrets.masking import domain_of

log = logging.getLogger(__name__)
# A domain is slow when it takes more than SLOWER times the median of the other domains of this round, of which at least
# ENOUGH_OTHERS conversations are known, and at least a SLOW_PART-th of EMAIL_TIMEOUT.
SLOWER = 4
SLOW_PART = 10
ENOUGH_OTHERS = 3


class Pacing:
    """The state of the recipient domains as one worker knows it, from letter to letter."""

    def __init__(self) -> None:
        self._failing: dict[str, Rest | None] = {}
        self._took: deque[tuple[str, float]] = deque(maxlen=20)  # the last conversations: domain, seconds

    def begin(self, now: datetime) -> None:
        """Reads the domains that rest or refuse, at the start of a batch."""
        self._failing = {domain.name: domain.rest for domain in MailDomain.objects.failing(now)}

    def rests(self, letter: OutgoingMail, now: datetime) -> datetime | None:
        """Until when the letter's domain rests (UTC); None when it does not, or when the letter cannot wait so long."""
        rest = self._failing.get(_domain(letter))
        until = rest.ends_for(letter.priority) if rest else None
        return until if until is not None and now < until < letter.give_up_at else None

    def answered(self, letter: OutgoingMail, answer: SmtpAnswer, took: timedelta, now: datetime) -> None:
        """Counts a finished conversation for or against its domain."""
        domain = _domain(letter)
        if answer.for_now and not _is_of_mailbox(answer):
            self._let_rest(domain, MailDomain.objects.refused(domain, answer.text, now, letter.pk), now)
        if not self.slow(letter, answer.text, took, now) and domain in self._failing and not answer.for_now:
            MailDomain.objects.well(domain)
            del self._failing[domain]
        self._took.append((domain, took.total_seconds()))

    def slow(self, letter: OutgoingMail, answer: str, took: timedelta, now: datetime) -> bool:
        """Rests the domain if this conversation was slow; returns whether it was."""
        domain = _domain(letter)
        if not self._is_slow(domain, took.total_seconds()):
            return False
        self._let_rest(domain, MailDomain.objects.slow(domain, took, answer, now), now)
        return True

    def _let_rest(self, domain: str, rest: Rest | None, now: datetime) -> None:
        self._failing[domain] = rest
        if rest is not None:
            waiting = OutgoingMail.objects.rest(domain, now, rest)
            log.warning("The domain %s rests: %d letters wait with it.", domain, waiting)

    def _is_slow(self, domain: str, took: float) -> bool:
        """True when slower than the other domains. If all are slow, the cause is the portal's own server."""
        others = [lasted for name, lasted in self._took if name != domain]
        if len(others) < ENOUGH_OTHERS or took < settings.EMAIL_TIMEOUT / SLOW_PART:
            return False
        return took > SLOWER * median(others)


def _is_of_mailbox(answer: SmtpAnswer) -> bool:
    return answer.reading.reason is Reason.FULL or is_about_mailbox(answer.text)


def _domain(letter: OutgoingMail) -> str:
    return letter.domain or domain_of(letter.recipient).lower()
