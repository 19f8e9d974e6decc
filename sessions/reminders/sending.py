"""Settles reminders that are due: writes the letter, or skips the reminder with a reason. Each is settled once.

planning.py writes the rows. The timetable only wakes send_due(): the database says what is due and what is settled. Source:
docs/contract.md, section 5.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import BigIntegerField, Case, Value, When

from pharmacies.models import MailCertification
from portal import measures
from portal.database.claims import skip_locked
from portal.database.contention import is_busy
from portal.outbox.letters import written_at_once
from portal.outbox.models import OutgoingMail
from portal.time import database_clock
from sessions.letters import id_letters
from sessions.models import Reminder, ReminderCopy, State
from sessions.reminders import copies, reopening, together
from sessions.reminders.facts import RoundFacts
from sessions.webhooks import events
from sessions.webhooks.events import Event

log = logging.getLogger(__name__)
BATCH = 100  # rows in one transaction
TRY_AGAIN_AFTER = timedelta(minutes=5)  # a row that fails must not block the others
# How long a reminder that came too late becomes a notice of the expiry: an outage at a weekend is made good on Monday.
MISSED_USEFUL_FOR = timedelta(days=3)
Skip = Reminder.Skip


class AlreadySettled(Exception):
    """Another worker settled a reminder first (on a database without row locks): this transaction rolls back."""


def send_due(now: datetime, limit: int = BATCH) -> int:
    """Settles up to `limit` reminders that are due: writes the letter, or skips with a reason. Returns how many it handled.

    Workers may run it in parallel: each locks its rows with SKIP LOCKED and settles them by a conditional UPDATE in the same
    transaction as the letters. Settles nothing while this machine's clock is astray: a reminder skipped as too late is not
    looked at again.
    """
    if database_clock.is_astray():
        return 0
    reopening.reopen(now)
    with transaction.atomic():
        due = _claimed(now, limit)
        try:
            with transaction.atomic():
                settled = _settle(due, now)
                return sum(reminder.pk in settled for reminder in due)
        except Exception as error:
            if is_busy(error):
                raise
            log.warning("One of %d reminders failed: they are settled one by one.", len(due))
        return sum(_alone(reminder, now) for reminder in due)


def _claimed(now: datetime, limit: int) -> list[Reminder]:
    """Locks up to `limit` due reminders. Leaves those whose address is changing to the next round: the letter would go to the
    old address.
    """
    due = list(skip_locked(Reminder.objects.due(now))[:limit])
    pharmacies = {reminder.pharmacy_id for reminder in due if reminder.pharmacy_id is not None}
    changing = MailCertification.objects.changing(pharmacies)
    return [reminder for reminder in due if reminder.pharmacy_id not in changing]


def _alone(reminder: Reminder, now: datetime) -> bool:
    """Settles one reminder in its own savepoint, so that its failure does not undo the others.

    Tries with its companions of the same letter, then without; if both fail, postpones it by TRY_AGAIN_AFTER. False: it waits
    for the next round.
    """
    for alone in (False, True):
        try:
            with transaction.atomic():
                # the letter of an earlier one of the batch may have settled it
                is_open = Reminder.objects.filter(pk=reminder.pk, settled_at=None).exists()
                return not is_open or bool(_settle([reminder], now, alone=alone))
        except Exception as error:
            if is_busy(error):
                raise
            log.exception("Reminder %s failed: it is tried again later.", reminder.pk)
    Reminder.objects.filter(pk=reminder.pk).update(due_at=now + TRY_AGAIN_AFTER)
    return True


def _settle(due: Sequence[Reminder], now: datetime, *, alone: bool = False) -> set[int]:
    """Settles each with a letter or a reason. Returns the keys of all settled reminders, companions included; a reminder that is
    not among them waits for its companions until the next round.
    """
    facts, settled = RoundFacts.of(due, now), _Settled()
    with written_at_once():
        for reminder in due:
            if reminder.pk not in settled.keys:
                reminder.id_sessione = facts.ids[reminder.id_sessione_id]
                _decide(reminder, facts, settled, now, alone=alone)
    settled.write_down(now)
    return settled.keys


def _decide(reminder: Reminder, facts: RoundFacts, settled: "_Settled", now: datetime, *, alone: bool) -> None:
    row = reminder.id_sessione
    reason = _why_not(reminder, facts, now)
    if reminder.channel == Reminder.Channel.GESTIONALE:
        _decide_for_gestionale(reminder, reason, settled, now)
        return
    certification = facts.address_of(row)
    if not reason and facts.nearest.get(row.pk, reminder.minutes_before) < reminder.minutes_before:
        reason = Skip.OVERTAKEN  # a reminder nearer to the end of the same id is due too: one letter is enough
    reason = reason or _why_nowhere(certification)
    if reason or certification is None:
        settled.add([reminder], reason=reason)
        return
    if row.expires_at <= now:
        unwarned = row.pk in facts.unwarned
        copied = copies.write([reminder], facts.copies, certification, now, unwarned=unwarned)
        settled.add([reminder], letter=id_letters.expired(row, certification, now, unwarned=unwarned), copied=copied)
        return
    companions: list[Reminder] | None = []
    if not alone and row.pharmacy is not None and certification.address_key in facts.shared:
        companions = together.companions(reminder, certification, now)
    if companions is None:
        return
    companions = [other for other in companions if other.pk not in settled.keys]
    known = RoundFacts.of(companions, now) if companions else facts
    live = [other for other in companions if other.id_sessione.expires_at > now and not _why_not(other, known, now)]
    others, overtaken = together.nearest(live, now)
    in_letter = [reminder, *others]
    copied = copies.write(in_letter, facts.copies | known.copies, certification, now)
    letter = id_letters.expiring([other.id_sessione for other in in_letter], certification, now)
    settled.add(in_letter, letter=letter, copied=copied)
    settled.add(overtaken, reason=Skip.OVERTAKEN)


def _decide_for_gestionale(reminder: Reminder, reason: str, settled: "_Settled", now: datetime) -> None:
    """Writes a call to the gestionale instead of a letter, even when the id was renewed: the gestionale holds this one."""
    if reason in ("", Skip.RENEWED):
        reason = ""
        events.of_time(reminder.id_sessione, Event.EXPIRING if reminder.minutes_before else Event.EXPIRED, now)
    settled.add([reminder], reason=reason)


class _Settled:
    """Collects the decisions of a round; write_down() saves them once the letters have keys."""

    def __init__(self) -> None:
        self.keys: set[int] = set()
        self._decisions: list[tuple[list[Reminder], OutgoingMail | None, str]] = []
        self._copies: list[tuple[int, OutgoingMail]] = []  # reminder (key) and copy

    def add(
        self,
        reminders: list[Reminder],
        letter: OutgoingMail | None = None,
        reason: str = "",
        copied: Sequence[tuple[int, OutgoingMail]] = (),
    ) -> None:
        self.keys.update(reminder.pk for reminder in reminders)
        self._decisions.append((reminders, letter, reason))
        self._copies += copied

    def write_down(self, now: datetime) -> None:
        """Saves the decisions: one UPDATE for each reason, one INSERT for the copies. Raises AlreadySettled."""
        by_reason: dict[str, set[int]] = defaultdict(set)
        letters = []
        for reminders, letter, reason in self._decisions:
            keys = {reminder.pk for reminder in reminders}
            by_reason[reason] |= keys
            if letter is not None:
                letters.append(When(pk__in=keys, then=Value(letter.pk)))
        for reason, keys in by_reason.items():
            letter_of = {"letter": Case(*letters, output_field=BigIntegerField())} if letters and not reason else {}
            unsettled = Reminder.objects.filter(pk__in=keys, settled_at=None)
            if unsettled.update(settled_at=now, skipped_because=reason, **letter_of) < len(keys):
                raise AlreadySettled
        ReminderCopy.objects.bulk_create(ReminderCopy(reminder_id=key, letter=copy) for key, copy in self._copies)
        for reminders, _, reason in self._decisions:
            for reminder in reminders:
                measures.reminder(reason or "sent", max((now - reminder.due_at).total_seconds(), 0))


def _why_not(reminder: Reminder, facts: RoundFacts, now: datetime) -> str:
    """Why this reminder is skipped (a value of Skip); empty when it must be sent."""
    row, state = reminder.id_sessione, reminder.id_sessione.state(now)
    if state is State.REVOCATO:
        return Skip.REPLACED if row.replaced_by_id else Skip.REVOKED
    # lateness counts from due_at: a notice may wait for the opening of the pharmacy
    over, late_for = state is State.SCADUTO, now - max(row.expires_at, reminder.due_at)
    by_mail = reminder.channel == Reminder.Channel.MAIL
    useful_for = MISSED_USEFUL_FOR if by_mail and reminder.minutes_before else id_letters.NOTICE_USEFUL_FOR
    if (over and late_for > useful_for) or (not over and not reminder.minutes_before):
        return Skip.TOO_LATE
    # after the end of its id a reminder becomes the notice of the expiry, unless another letter covers it
    if over and reminder.minutes_before and (not by_mail or row.pk in facts.covered):
        return Skip.TOO_LATE
    return Skip.RENEWED if row.pk in facts.renewed else ""


def _why_nowhere(certification: MailCertification | None) -> str:
    if certification is None:
        return Skip.NO_ADDRESS
    return Skip.UNREACHABLE if certification.undeliverable_at is not None else ""
