"""Reminders: rows written with the id (planning.py), settled with the letter or skipped with a reason, once each.

The timetable only wakes send_due(); what is due, and that it was said, is in the database. Source: A2F contract, section 5.
"""

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from pharmacies.models import MailCertification
from portal import measures
from sessions import mails
from sessions.models import IdSessione, Reminder, State

log = logging.getLogger(__name__)
BATCH = 100  # rows in one transaction
TRY_AGAIN_AFTER = timedelta(minutes=5)  # a row that fails must not stand in the way of the others
Skip = Reminder.Skip


def send_due(now: datetime, limit: int = BATCH) -> int:
    """Settles up to `limit` reminders that are due: a letter, or a reason for none. How many it took in hand.

    May run in many places at once: the rows are locked (those of another are skipped) and settled by a conditional
    UPDATE in the same transaction as the letter.
    """
    with transaction.atomic():
        claimed = _claimed(now, limit)
        for reminder in claimed:
            try:
                with transaction.atomic():
                    _settle(reminder, now)
            except Exception:
                log.exception("Reminder %s failed: it is tried again later.", reminder.pk)
                Reminder.objects.filter(pk=reminder.pk).update(due_at=now + TRY_AGAIN_AFTER)
    return len(claimed)


def _claimed(now: datetime, limit: int) -> list[Reminder]:
    rows = Reminder.objects.due(now)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(of=("self",), skip_locked=True)
    return list(rows[:limit])


def _settle(reminder: Reminder, now: datetime) -> None:
    """One letter or one reason, unless another worker said it first. The id is read now, not with the batch."""
    unsaid = Reminder.objects.filter(pk=reminder.pk, settled_at=None)
    if not unsaid.update(settled_at=now):
        return
    reminder.id_sessione = IdSessione.objects.with_facts().get(pk=reminder.id_sessione_id)
    certification = _address(reminder.id_sessione)
    reason = _why_not(reminder, now) or _why_nowhere(certification)
    measures.reminder(reason or "sent", (now - reminder.due_at).total_seconds())
    if reason or certification is None:
        Reminder.objects.filter(pk=reminder.pk).update(skipped_because=reason)
        return
    letter = mails.expiring if reminder.minutes_before else mails.expired
    Reminder.objects.filter(pk=reminder.pk).update(letter=letter(reminder.id_sessione, certification, now))


def _why_not(reminder: Reminder, now: datetime) -> str:
    """The reason for saying nothing about this id; empty when it must be said."""
    row, state = reminder.id_sessione, reminder.id_sessione.state(now)
    if state is State.REVOCATO:
        return Skip.REPLACED if row.replaced_by_id else Skip.REVOKED
    if is_renewed(row, now):
        return Skip.RENEWED
    # a notice that waits for the opening of the pharmacy is news until then
    too_late = state is State.SCADUTO and now > max(row.expires_at, reminder.due_at) + mails.NOTICE_USEFUL_FOR
    if too_late or (reminder.minutes_before > 0) == (state is State.SCADUTO):
        return Skip.TOO_LATE
    nearer = Reminder.objects.due(now).filter(id_sessione=row, minutes_before__lt=reminder.minutes_before)
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
