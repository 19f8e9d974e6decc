"""Reminders: rows written with the id (planning.py), settled with the letter or skipped with a reason, once each.

The timetable only wakes send_due(); what is due, and that it was said, is in the database. Source: A2F contract, section 5.
"""

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from pharmacies.models import MailCertification
from portal import measures
from portal.outbox.models import OutgoingMail
from sessions import mails, together
from sessions.models import IdSessione, Reminder, State
from sessions.webhooks import events
from sessions.webhooks.events import Event

log = logging.getLogger(__name__)
BATCH = 100  # rows in one transaction
TRY_AGAIN_AFTER = timedelta(minutes=5)  # a row that fails must not stand in the way of the others
Skip = Reminder.Skip


class SaidTwice(Exception):  # noqa: N818  a fact, as the domain says it
    """Another worker settled the reminder first, on a database that locks no rows: nothing of ours stays."""


def send_due(now: datetime, limit: int = BATCH) -> int:
    """Settles up to `limit` reminders that are due: a letter, or a reason for none. How many it took in hand.

    May run in many places at once: the rows are locked (those of another are skipped) and settled by a conditional
    UPDATE in the same transaction as the letter.
    """
    said: set[int] = set()  # in the letter of another of this batch
    with transaction.atomic():
        return sum(each.pk in said or _took_in_hand(each, said, now) for each in _claimed(now, limit))


def _claimed(now: datetime, limit: int) -> list[Reminder]:
    rows = Reminder.objects.due(now)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(of=("self",), skip_locked=True)
    return list(rows[:limit])


def _took_in_hand(reminder: Reminder, said: set[int], now: datetime) -> bool:
    for alone in (False, True):  # one that cannot be written must not take its companions along
        try:
            with transaction.atomic():
                settled = _settle(reminder, now, alone=alone)
            said.update(settled)
            return bool(settled)
        except Exception:
            log.exception("Reminder %s failed: it is tried again later.", reminder.pk)
    Reminder.objects.filter(pk=reminder.pk).update(due_at=now + TRY_AGAIN_AFTER)
    return True


def _settle(reminder: Reminder, now: datetime, *, alone: bool) -> list[int]:
    """One letter or one reason; the keys of all that it settles. Nothing: it waits for those that go into the same letter.

    The id is read now, not with the batch.
    """
    row = reminder.id_sessione = IdSessione.objects.with_facts().get(pk=reminder.id_sessione_id)
    if reminder.channel == Reminder.Channel.GESTIONALE:
        return _settle_for_gestionale(reminder, now)
    certification = _address(row)
    reason = _why_not(reminder, now) or _overtaken(reminder, now) or _why_nowhere(certification)
    if reason or certification is None:
        return _write_down([reminder], now, reason=reason)
    if not reminder.minutes_before:
        return _write_down([reminder], now, letter=mails.expired(row, certification, now))
    held = [] if alone or row.pharmacy is None else together.companions(reminder, certification, now)
    if held is None:
        return []
    others, overtaken = together.nearest([each for each in held if not _why_not(each, now)], now)
    told = [reminder, *others]
    letter = mails.expiring([each.id_sessione for each in told], certification, now)
    settled = _write_down(told, now, letter=letter)
    return settled + _write_down(overtaken, now, reason=Skip.OVERTAKEN) if overtaken else settled


def _settle_for_gestionale(reminder: Reminder, now: datetime) -> list[int]:
    """A call instead of a letter. A program is told the plain fact: renewed or not, the id ends."""
    row, event = reminder.id_sessione, Event.EXPIRING if reminder.minutes_before else Event.EXPIRED
    reason = _why_not(reminder, now)
    if reason not in ("", Skip.RENEWED):
        return _write_down([reminder], now, reason=reason)
    events.of_time(row, event, now)
    return _write_down([reminder], now)


def _write_down(told: list[Reminder], now: datetime, letter: OutgoingMail | None = None, reason: str = "") -> list[int]:
    """They are settled, with the letter or the reason; their keys. Raises SaidTwice when another worker said one of them."""
    keys = [each.pk for each in told]
    unsaid = Reminder.objects.filter(pk__in=keys, settled_at=None)
    if unsaid.update(settled_at=now, letter=letter, skipped_because=reason) < len(told):
        raise SaidTwice
    for each in told:
        measures.reminder(reason or "sent", max((now - each.due_at).total_seconds(), 0))
    return keys


def _why_not(reminder: Reminder, now: datetime) -> str:
    """The reason for saying nothing about this id; empty when it must be said."""
    row, state = reminder.id_sessione, reminder.id_sessione.state(now)
    if state is State.REVOCATO:
        return Skip.REPLACED if row.replaced_by_id else Skip.REVOKED
    # a notice that waits for the opening of the pharmacy is news until then
    too_late = state is State.SCADUTO and now > max(row.expires_at, reminder.due_at) + mails.NOTICE_USEFUL_FOR
    if too_late or (reminder.minutes_before > 0) == (state is State.SCADUTO):
        return Skip.TOO_LATE
    return Skip.RENEWED if is_renewed(row, now) else ""


def _overtaken(reminder: Reminder, now: datetime) -> str:
    """A letter nearer to the end of the same id is due too: one of them is enough."""
    row = reminder.id_sessione
    nearer = Reminder.objects.due(now).by_mail().filter(id_sessione=row, minutes_before__lt=reminder.minutes_before)
    return Skip.OVERTAKEN if nearer.exists() else ""


def is_renewed(row: IdSessione, now: datetime) -> bool:
    """A newer id for the same utenza and context is live and did not fail to arrive: nobody needs to be told that this one ends."""
    newer = Q(requested_at__gt=row.requested_at) | Q(requested_at=row.requested_at, pk__gt=row.pk)
    arrived = Q(letter__failed_at=None, letter__withdrawn_at=None) | Q(first_used_at__isnull=False)
    return IdSessione.objects.of(row.utenza, row.context).live(now).filter(newer & arrived).exists()


def _address(row: IdSessione) -> MailCertification | None:
    """The address certified now, whatever the id was sent to."""
    current = MailCertification.objects.current().filter(pharmacy=row.certification.pharmacy_id)
    return current.select_related("pharmacy").first()


def _why_nowhere(certification: MailCertification | None) -> str:
    if certification is None:
        return Skip.NO_ADDRESS
    return Skip.UNREACHABLE if certification.undeliverable_at is not None else ""
