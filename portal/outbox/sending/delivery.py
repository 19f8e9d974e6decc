"""Hands due letters to the SMTP server and writes down its answers.

Delivers at least once: if a worker is killed after the server's 250 and before the UPDATE, the letter is sent again with the
same Message-ID.
"""

import logging
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial
from time import monotonic, sleep

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

from portal.database.contention import tried_again
from portal.outbox import marking
from portal.outbox.hooks import forbidding, mailbox_news
from portal.outbox.hooks.holding import may_leave
from portal.outbox.letter_outcome import CANNOT_LEAVE, NO_ANSWER, TOO_LATE, UNREADABLE
from portal.outbox.line_trouble import answer_of, words_of
from portal.outbox.models import OutgoingMail, Priority
from portal.outbox.reasons import Reason
from portal.outbox.sending.pacing import Pacing
from portal.outbox.sending.smtp import ASK_IF_DELIVERED, ASK_IF_NOT, SmtpAnswer, SmtpLine, Withdrawn, whole_conversation
from portal.outbox.verp import sender_of
from portal.secrets.sealing import SealBroken, unseal
from portal.time import database_clock, pauses

log = logging.getLogger(__name__)
BATCH = 50  # letters claimed at once; a new code waits for one batch at most
ROUND_FOR = 60.0  # seconds; then the worker is free for other tasks and wakes itself again
SOURCES_FRESH_FOR = timedelta(
    seconds=1
)  # then the texts are read again, so that letters withdrawn meanwhile do not leave
LINE_PAUSE = timedelta(seconds=20)  # the server is down; the letter is not the cause, so the pause does not grow
DATABASE_PAUSE = 0.3  # seconds between two tries to write down the server's answer
TROUBLES_IN_A_ROW = 3  # then this round ends


class _Trouble(Exception):
    """The connection to the server broke at this letter; the argument is a text fit for the log."""


def deliver_due(now: datetime | None = None, limit: int = 5000, most: Priority = Priority.NOTICE) -> int:
    """Delivers due letters, the most urgent first, and returns how many were accepted.

    Stops when none is due, after `limit` letters, or after a minute. `most`: the last priority to deliver. `now`: the instant
    (UTC) to start from, if not the clock's. Any number of workers may run it at once. One broken letter, one slow domain or one
    lost connection does not stop the others.
    """
    one = _Round(now)
    late = OutgoingMail.objects.give_up(now or one.clock())
    if late:
        log.warning("%d letters were not sent in time.", late)
    try:
        one.run(limit, most)
    finally:
        one.line.close()
    return one.accepted


def deliver(letter: OutgoingMail, now: datetime) -> None:
    """Hands over one letter that the caller has claimed, and writes the result on its row."""
    one = _Round(now)
    try:
        one.deliver([letter])
    finally:
        one.line.close()


class _Round:
    """The work of one worker over one connection, from batch to batch."""

    def __init__(self, now: datetime | None) -> None:
        # The database's clock, shared by all workers: one that runs behind would keep a letter whose lease has ended for others.
        self._ahead, self._started = now - database_clock.now() if now else timedelta(), monotonic()
        self.line = SmtpLine()
        self._plain_sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
        self.accepted = self.tried = self.troubles = 0
        self._left: list[OutgoingMail] = []  # the letters of the batch from the current one on
        self._sources: dict[int, bytes] = {}  # the sealed texts of the letters in `_left` that may leave
        self._read_at: datetime | None = None  # when `_sources` was read
        self._pacing = Pacing()

    def clock(self) -> datetime:
        return database_clock.now() + self._ahead

    def real(self) -> datetime:
        """As clock(), in the time of leases and of the mail server, which no move of the portal's clock changes."""
        return database_clock.real_of(self.clock())

    def run(self, limit: int, most: Priority) -> None:
        while self.tried < limit and self.troubles < TROUBLES_IN_A_ROW and monotonic() - self._started < ROUND_FOR:
            batch = OutgoingMail.objects.claim(self.clock(), min(BATCH, limit - self.tried), most)
            if not batch:
                return
            self.deliver(batch)

    def deliver(self, batch: list[OutgoingMail]) -> None:
        """Hands over the claimed letters, or gives them back."""
        was_open = self.line.is_open
        if not self._open(batch):
            return
        self._read_at = None
        self._pacing.begin(self.clock())
        for number, letter in enumerate(batch):
            first = number == 0 and was_open
            if self.troubles >= TROUBLES_IN_A_ROW or (self._is_late_for(letter) and not first):
                OutgoingMail.objects.give_back(batch[number:], self.clock())
                return
            if until := self._pacing.rests(letter, self.clock()):
                OutgoingMail.objects.give_back([letter], until)
                continue
            self._left = batch[number:]
            self._one(letter)

    def _open(self, batch: list[OutgoingMail]) -> bool:
        try:
            self.line.open()
        except OSError as error:
            now = self.clock()
            OutgoingMail.objects.give_back(batch, now + pauses.jittered(LINE_PAUSE), answer_of(error, NO_ANSWER))
            log.warning("Cannot use the SMTP server (%s): %d letters wait.", words_of(error), len(batch))
            self.troubles = TROUBLES_IN_A_ROW
            return False
        return True

    def _one(self, letter: OutgoingMail) -> None:
        """Hands over one letter and tells the pacing of its domain."""
        self.tried += 1
        began = self.real()
        try:
            answer = self._converse(letter)
        except _Trouble as trouble:
            self.troubles += 1
            log.warning("Letter %s: %s", letter.message_id, trouble)
            self._pacing.slow(letter, f"{NO_ANSWER}: {trouble}", self.real() - began, self.clock())
            return
        if answer is None:
            return
        self.troubles = 0
        self._pacing.answered(letter, answer, self.real() - began, self.clock())

    def _converse(self, letter: OutgoingMail) -> SmtpAnswer | None:
        """Holds the SMTP conversation; None when the text was not sent. Raises _Trouble."""
        sender, answer = sender_of(letter.pk, self._plain_sender), None
        try:
            while answer is None:
                # The connection first: a slow login takes time, in which the letter may be withdrawn.
                if not self._may_begin(letter) or not self._may_leave(letter):
                    return None
                source, within = unseal(self._sources[letter.pk]), self._time_for(letter)
                still_may = partial(self._may_leave, letter)
                notify = ASK_IF_DELIVERED if letter.kind == OutgoingMail.Kind.TRIAL else ASK_IF_NOT
                answer = self.line.hand_over(sender, letter.recipient, source, still_may, within=within, notify=notify)
        except Withdrawn:
            self.line.reset()
            return None
        except OSError as error:
            self.line.drop()
            letter.postpone(self._again(letter), answer_of(error, NO_ANSWER))
            raise _Trouble(words_of(error)) from None
        except SealBroken:
            log.error("Letter %s: none of SEALING_KEYS opens it.", letter.message_id)
            letter.postpone(self._again(letter), UNREADABLE)
            return None
        except Exception as error:
            # Log only the type of the error: its text could hold the address or the letter.
            log.error("Letter %s cannot be sent: %s.", letter.message_id, type(error).__name__)
            letter.fail(self.clock(), CANNOT_LEAVE)
            self.line.reset()
            return None
        self._write_down(letter, answer)
        return answer

    def _may_leave(self, letter: OutgoingMail) -> bool:
        """True while this worker holds the letter, it is not withdrawn, and the rules allow it; as of SOURCES_FRESH_FOR ago."""
        if self._read_at is None or self.clock() - self._read_at > SOURCES_FRESH_FOR:
            self._read()
        return letter.pk in self._sources

    def _read(self) -> None:
        """Reads the texts of the batch from this letter on.

        Withdraws letters that the rules forbid, and gives back letters that were put on hold since the claim. The rules come first:
        one of them may write a letter anew, which ends its lease.
        """
        now = self._read_at = self.clock()
        forbidden = forbidding.forbidden(self._left, now)
        if forbidden and (withdrawn := OutgoingMail.objects.filter(pk__in=forbidden).withdraw(now)):
            log.warning("%d letters may not leave any more.", withdrawn)
        sources = OutgoingMail.objects.sources(self._left)
        free = set(may_leave(OutgoingMail.objects.filter(pk__in=sources), now).values_list("pk", flat=True))
        held = [letter for letter in self._left if letter.pk in sources and letter.pk not in free | forbidden]
        if held:
            OutgoingMail.objects.give_back(held, now)
        self._sources = {pk: source for pk, source in sources.items() if pk in free - forbidden}

    def _may_begin(self, letter: OutgoingMail) -> bool:
        """Opens the connection if needed, then checks that there is time left: opening may have been slow."""
        opened = self.line.open()
        if opened:
            self._read_at = None  # opening took time: read the texts again
        now = self.clock()
        if now >= letter.give_up_at:
            letter.fail(now, TOO_LATE)
            return False
        if opened and self._is_late_for(letter):
            OutgoingMail.objects.give_back([letter], now)
            return False
        return True

    def _is_late_for(self, letter: OutgoingMail) -> bool:
        """True when the lease could end during a conversation as slow as allowed."""
        return self._left_for(letter) <= whole_conversation()

    def _time_for(self, letter: OutgoingMail) -> float:
        """Seconds until the lease ends, at most a whole conversation; a whole conversation also when there is no lease."""
        left = self._left_for(letter)
        return min(left, whole_conversation()) if left > 0 else whole_conversation()

    def _left_for(self, letter: OutgoingMail) -> float:
        """Seconds until the lease ends."""
        if letter.leased_until is None:
            return (letter.next_attempt_at - self.clock()).total_seconds()
        return (letter.leased_until - self.real()).total_seconds()

    def _write_down(self, letter: OutgoingMail, answer: SmtpAnswer) -> None:
        if answer.accepted:
            self._keep(letter, answer.text)
            self.accepted += 1
            if marking.is_own(letter.domain):
                mailbox_news.arrived(letter, self.clock())
            return
        if answer.hung_up:
            self.line.drop()
            letter.postpone(self.clock() + pauses.jittered(LINE_PAUSE), answer.text)
            raise _Trouble(f"risposta {answer.code}")
        reason = answer.reading.reason
        if answer.for_ever:
            self._refused_for_ever(letter, answer)
        else:
            letter.postpone(self._again(letter), answer.text, reason)
            log.log(
                logging.WARNING if reason is Reason.ABOUT_US else logging.INFO,
                "Letter %s refused for now: %d (%s).",
                letter.message_id,
                answer.code,
                reason,
            )
        self.line.reset()

    def _refused_for_ever(self, letter: OutgoingMail, answer: SmtpAnswer) -> None:
        log.warning("Letter %s refused for ever: %d (%s).", letter.message_id, answer.code, answer.reading.reason)
        now = self.clock()
        tried_again(partial(_write_refusal, letter, answer, now))
        tried_again(partial(marking.settle, now))

    def _keep(self, letter: OutgoingMail, answer: str) -> None:
        """Writes down that the server accepted the letter; retries the UPDATE until the lease ends when the database is away.

        Without the UPDATE the letter would be sent again. Raises the database's error when the lease is over.
        """
        while True:
            now = self.clock()
            try:
                return letter.accept(now, answer)
            except (OperationalError, InterfaceError):
                if connection.in_atomic_block or letter.leased_until is None or self.real() >= letter.leased_until:
                    raise
                connection.close()
                sleep(DATABASE_PAUSE)

    def _again(self, letter: OutgoingMail) -> datetime:
        return pauses.next_attempt_at(self.clock(), pauses.growing(letter.attempts), letter.give_up_at)


@transaction.atomic
def _write_refusal(letter: OutgoingMail, answer: SmtpAnswer, now: datetime) -> None:
    if letter.fail(now, answer.text, answer.reading.reason):
        marking.found(letter, answer.reading, now)
