"""Reminders: rows written with the id (planning.py), settled with the letter or skipped with a reason, once each.

The timetable only wakes send_due(); what is due, and that it was said, is in the database. Source: docs/contract.md, section 5.
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
from sessions.models import Reminder, State
from sessions.reminders import copies, reopening, together
from sessions.reminders.facts import Facts
from sessions.webhooks import events
from sessions.webhooks.events import Event

log = logging.getLogger(__name__)
BATCH = 100  # rows in one transaction
TRY_AGAIN_AFTER = timedelta(minutes=5)  # a row that fails must not stand in the way of the others
MISSED_USEFUL_FOR = timedelta(
    days=3
)  # to a pharmacy that nobody could warn: a weekend without workers is told on Monday
Skip = Reminder.Skip


class SaidTwice(Exception):
    """Another worker settled the reminder first, on a database that locks no rows: nothing of ours stays."""


def send_due(now: datetime, limit: int = BATCH) -> int:
    """Settles up to `limit` reminders that are due: a letter, or a reason for none. How many it took in hand.

    May run in many places at once: the rows are locked (those of another are skipped) and settled by a conditional
    UPDATE in the same transaction as the letters. None at all while the clock of this machine is astray: what is settled as
    too late is settled for good.
    """
    if database_clock.is_astray():
        return 0
    reopening.reopen(now)
    with transaction.atomic():
        due = _claimed(now, limit)
        try:
            with transaction.atomic():
                settled = _settle(due, now)
                return sum(each.pk in settled for each in due)
        except Exception as error:
            if is_busy(error):
                raise
            log.warning("One of %d reminders failed: they are settled one by one.", len(due))
        return sum(_alone(each, now) for each in due)


def _claimed(now: datetime, limit: int) -> list[Reminder]:
    """Those whose address is changing at this moment are left for the next round: the letter would go to the old one."""
    due = list(skip_locked(Reminder.objects.due(now))[:limit])
    changing = MailCertification.objects.changing({each.pharmacy_id for each in due if each.pharmacy_id is not None})
    return [each for each in due if each.pharmacy_id not in changing]


def _alone(reminder: Reminder, now: datetime) -> bool:
    """Settled by itself: what cannot be written must not take its companions along."""
    for alone in (False, True):
        try:
            with transaction.atomic():
                unsaid = Reminder.objects.filter(
                    pk=reminder.pk, settled_at=None
                ).exists()  # also not in another's letter
                return not unsaid or bool(_settle([reminder], now, alone=alone))
        except Exception as error:
            if is_busy(error):
                raise
            log.exception("Reminder %s failed: it is tried again later.", reminder.pk)
    Reminder.objects.filter(pk=reminder.pk).update(due_at=now + TRY_AGAIN_AFTER)
    return True


def _settle(due: Sequence[Reminder], now: datetime, *, alone: bool = False) -> set[int]:
    """A letter or a reason for each; the keys of all that were settled. Those missing wait for others of the same letter."""
    facts, settled = Facts.of(due, now), _Settled()
    with written_at_once():
        for reminder in due:
            if reminder.pk not in settled.keys:
                reminder.id_sessione = facts.ids[reminder.id_sessione_id]
                _decide(reminder, facts, settled, now, alone=alone)
    settled.write_down(now)
    return settled.keys


def _decide(reminder: Reminder, facts: Facts, settled: "_Settled", now: datetime, *, alone: bool) -> None:
    row = reminder.id_sessione
    reason = _why_not(reminder, facts, now)
    if reminder.channel == Reminder.Channel.GESTIONALE:
        _decide_for_gestionale(reminder, reason, settled, now)
        return
    certification = facts.address_of(row)
    if not reason and facts.nearest.get(row.pk, reminder.minutes_before) < reminder.minutes_before:
        reason = Skip.OVERTAKEN  # a letter nearer to the end of the same id is due too: one of them is enough
    reason = reason or _why_nowhere(certification)
    if reason or certification is None:
        settled.add([reminder], reason=reason)
        return
    if row.expires_at <= now:
        unwarned = row.pk in facts.unwarned
        copied = copies.write([reminder], facts.copies, certification, now, unwarned=unwarned)
        settled.add([reminder], letter=id_letters.expired(row, certification, now, unwarned=unwarned), copied=copied)
        return
    held: list[Reminder] | None = []
    if not alone and row.pharmacy is not None and certification.address_key in facts.shared:
        held = together.companions(reminder, certification, now)
    if held is None:
        return
    said = [each for each in held if each.pk not in settled.keys]
    known = Facts.of(said, now) if said else facts
    live = [each for each in said if each.id_sessione.expires_at > now and not _why_not(each, known, now)]
    others, overtaken = together.nearest(live, now)
    told = [reminder, *others]
    copied = copies.write(told, facts.copies | known.copies, certification, now)
    letter = id_letters.expiring([each.id_sessione for each in told], certification, now)
    settled.add(told, letter=letter, copied=copied)
    settled.add(overtaken, reason=Skip.OVERTAKEN)


def _decide_for_gestionale(reminder: Reminder, reason: str, settled: "_Settled", now: datetime) -> None:
    """A call instead of a letter. A program is told the plain fact: renewed or not, the id ends."""
    if reason in ("", Skip.RENEWED):
        reason = ""
        events.of_time(reminder.id_sessione, Event.EXPIRING if reminder.minutes_before else Event.EXPIRED, now)
    settled.add([reminder], reason=reason)


class _Settled:
    """What is said and what is not, until it is written down: letters have no key before."""

    def __init__(self) -> None:
        self.keys: set[int] = set()
        self._told: list[tuple[list[Reminder], OutgoingMail | None, str]] = []
        self._copies: dict[int, OutgoingMail] = {}  # by reminder

    def add(
        self,
        told: list[Reminder],
        letter: OutgoingMail | None = None,
        reason: str = "",
        copied: dict[int, OutgoingMail] | None = None,
    ) -> None:
        self.keys.update(each.pk for each in told)
        self._told.append((told, letter, reason))
        self._copies |= copied or {}

    def write_down(self, now: datetime) -> None:
        """Two statements, one for each reason and one for each copy. Raises SaidTwice when another worker said one of them."""
        by_reason: dict[str, set[int]] = defaultdict(set)
        letters = []
        for told, letter, reason in self._told:
            keys = {each.pk for each in told}
            by_reason[reason] |= keys
            if letter is not None:
                letters.append(When(pk__in=keys, then=Value(letter.pk)))
        for reason, keys in by_reason.items():
            letter_of = {"letter": Case(*letters, output_field=BigIntegerField())} if letters and not reason else {}
            unsaid = Reminder.objects.filter(pk__in=keys, settled_at=None)
            if unsaid.update(settled_at=now, skipped_because=reason, **letter_of) < len(keys):
                raise SaidTwice
        for key, copy in self._copies.items():
            Reminder.objects.filter(pk=key).update(copy=copy)
        for told, _, reason in self._told:
            for each in told:
                measures.reminder(reason or "sent", max((now - each.due_at).total_seconds(), 0))


def _why_not(reminder: Reminder, facts: Facts, now: datetime) -> str:
    """The reason for saying nothing about this id; empty when it must be said."""
    row, state = reminder.id_sessione, reminder.id_sessione.state(now)
    if state is State.REVOCATO:
        return Skip.REPLACED if row.replaced_by_id else Skip.REVOKED
    # a notice that waits for the opening of the pharmacy is news until then
    over, late_for = state is State.SCADUTO, now - max(row.expires_at, reminder.due_at)
    by_mail = reminder.channel == Reminder.Channel.MAIL
    useful_for = MISSED_USEFUL_FOR if by_mail and reminder.minutes_before else id_letters.NOTICE_USEFUL_FOR
    if (over and late_for > useful_for) or (not over and not reminder.minutes_before):
        return Skip.TOO_LATE
    # that it will expire can no longer be said; that it has, once, to a pharmacy that was told nothing
    if over and reminder.minutes_before and (not by_mail or row.pk in facts.told):
        return Skip.TOO_LATE
    return Skip.RENEWED if row.pk in facts.renewed else ""


def _why_nowhere(certification: MailCertification | None) -> str:
    if certification is None:
        return Skip.NO_ADDRESS
    return Skip.UNREACHABLE if certification.undeliverable_at is not None else ""
