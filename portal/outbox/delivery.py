"""Hands due letters to the SMTP server and writes down what it answered.

At least once: a worker killed after the server's 250 and before our UPDATE sends the letter again, with the same Message-ID.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from random import uniform
from time import monotonic

from portal.outbox.models import OutgoingMail
from portal.outbox.outcome import NO_ANSWER, TOO_LATE, UNREADABLE
from portal.outbox.smtp import Answer, SmtpLine, words_of
from portal.sealing import SealBroken, unseal

log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)  # after the first «later», and at most
LINE_PAUSE = timedelta(seconds=20)  # the server is down: not the letter's fault, so the pause does not grow
SHORTEST_PAUSE = timedelta(seconds=10)
TROUBLES_IN_A_ROW = 3  # then the server is left alone until the next round
Clock = Callable[[], datetime]


class _Trouble(Exception):  # noqa: N818
    """The line to the server broke at this letter; its argument is what may be said about it."""


def deliver_due(now: datetime, limit: int = 500) -> int:
    """Delivers what is due, oldest first, until nothing is or `limit` letters were tried; returns how many were accepted.

    Any number of workers may do it at once. One broken letter or one lost connection does not stop the others.
    """
    started = monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=monotonic() - started)

    _give_up(now)
    accepted = troubles = 0
    line = SmtpLine()
    tried: set[int] = set()
    try:
        while len(tried) < limit and troubles < TROUBLES_IN_A_ROW:
            letter = OutgoingMail.objects.due(clock()).exclude(pk__in=tried).order_by("next_attempt_at", "pk").first()
            if letter is None:
                break
            tried.add(letter.pk)
            try:
                accepted += _deliver(letter, line, clock)
                troubles = 0
            except _Trouble as trouble:
                troubles += 1
                log.warning("Letter %s: %s", letter.message_id, trouble)
    finally:
        line.close()
    return accepted


def _deliver(letter: OutgoingMail, line: SmtpLine, clock: Clock) -> bool:
    """One letter, from the claim to the answer; True when the server took it. Raises _Trouble."""
    try:
        line.open()  # before the claim, so that the lease pays for the conversation only
    except OSError as error:
        if letter.claim(clock()):
            letter.postpone(_after(LINE_PAUSE, letter, clock()), f"{NO_ANSWER}: {words_of(error)}")
        raise _Trouble(f"cannot reach the SMTP server ({words_of(error)})") from None
    if not letter.claim(clock()):
        return False
    try:
        answer = line.hand_over(letter.recipient, unseal(letter.sealed_source or b""))
    except OSError as error:
        line.drop()
        letter.postpone(_after(_growing(letter), letter, clock()), f"{NO_ANSWER}: {words_of(error)}")
        raise _Trouble(f"the conversation broke ({words_of(error)})") from None
    except SealBroken:
        log.error("Letter %s: none of SEALING_KEYS opens it.", letter.message_id)
        letter.postpone(_after(_growing(letter), letter, clock()), UNREADABLE)
        return False
    except Exception as error:
        # Only the kind of the error: its text could hold the address or the letter.
        log.error("Letter %s cannot be sent: %s.", letter.message_id, type(error).__name__)
        letter.fail(clock(), f"Il messaggio non può partire ({type(error).__name__})")
        line.reset()
        return False
    return _write_down(letter, answer, line, clock())


def _write_down(letter: OutgoingMail, answer: Answer, line: SmtpLine, now: datetime) -> bool:
    if answer.accepted:
        letter.accept(now, answer.text)
        return True
    if answer.for_ever:
        letter.fail(now, answer.text)
        log.warning("Letter %s refused for ever: %d.", letter.message_id, answer.code)
    else:
        letter.postpone(_after(_growing(letter), letter, now), answer.text)
        log.info("Letter %s refused for now: %d.", letter.message_id, answer.code)
    line.reset()
    return False


def _give_up(now: datetime) -> None:
    """A code that has expired, a reminder after the fact: better told as not sent than sent late."""
    for letter in OutgoingMail.objects.too_late(now):
        last = f". Ultima risposta: {letter.last_answer}" if letter.last_answer else ""
        letter.fail(now, f"{TOO_LATE}{last}"[:300])
        log.warning("Letter %s was not sent in time.", letter.message_id)


def _growing(letter: OutgoingMail) -> timedelta:
    """30 s, 1 min, 2 min … 10 min: enough for greylisting within the life of a code."""
    doublings: int = min(letter.attempts - 1, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _after(pause: timedelta, letter: OutgoingMail, now: datetime) -> datetime:
    """The pause ±20 %, but never so long that the letter's life passes without another try."""
    half = (letter.give_up_at - now) / 2
    return now + max(SHORTEST_PAUSE, min(pause * uniform(0.8, 1.2), half))  # noqa: S311  jitter, not a secret
