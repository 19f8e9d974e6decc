"""Reminders: rows written with the id, settled with the letter or skipped with a reason, once each.

The timetable only wakes send_due(); what is due, and that it was said, is in the database. Source: A2F contract, section 5.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal import measures
from portal.identity.models import User
from portal.journal.models import record
from sessions import mails
from sessions.models import IdSessione, Reminder, ReminderSettings, State

log = logging.getLogger(__name__)
BATCH = 100  # rows in one transaction
TRY_AGAIN_AFTER = timedelta(minutes=5)  # a row that fails must not stand in the way of the others
Skip = Reminder.Skip


def plan(ids: Iterable[IdSessione], lead_times: list[int], now: datetime) -> None:
    """Writes what must be said about these ids and when; moments already past are not written. Planning twice adds nothing."""
    rows = [
        Reminder(id_sessione=id_sessione, minutes_before=minutes, due_at=due_at)
        for id_sessione in ids
        for minutes in lead_times
        if (due_at := id_sessione.expires_at - timedelta(minutes=minutes)) > now
    ]
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def choose(
    pharmacy: Pharmacy, minutes: list[int], tell_when_expired: bool, by: User, now: datetime
) -> ReminderSettings:
    """What a pharmacy wants to be told from now on; the unsent reminders of its live ids are planned again."""
    # the same lock as issuing: an id issued meanwhile is either planned with the new choice or seen here
    list(Utenza.objects.select_for_update(no_key=True).filter(pharmacy=pharmacy).order_by("pk"))
    chosen, _ = ReminderSettings.objects.update_or_create(
        pharmacy=pharmacy,
        defaults={"minutes_before": sorted(set(minutes), reverse=True), "tell_when_expired": tell_when_expired},
    )
    ids = list(IdSessione.objects.filter(pharmacy=pharmacy).live(now))
    unsaid = Reminder.objects.filter(id_sessione__in=ids, settled_at=None)
    unsaid.exclude(minutes_before__in=chosen.lead_times).delete()
    plan(ids, chosen.lead_times, now)
    record(
        "reminders.chosen", now=now, actor=by, about=pharmacy.code, minutes=_in_words(chosen)
    )  # fmt: skip
    return chosen


def _in_words(chosen: ReminderSettings) -> str:
    """`120, 30 minuti prima della scadenza e a ID scaduto`."""
    words = (
        [f"{', '.join(map(str, chosen.minutes_before))} minuti prima della scadenza"] if chosen.minutes_before else []
    )
    if chosen.tell_when_expired:
        words.append("a ID scaduto")
    return " e ".join(words) or "nessuno"


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
    too_late = now > row.expires_at + mails.NOTICE_USEFUL_FOR if state is State.SCADUTO else False
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
