"""Moves the portal's clock forward, never back. The move is one row; every process follows within a second."""

from datetime import datetime, timedelta
from time import sleep
from typing import Any

from django.conf import settings
from django.db import transaction

from portal.database.claims import hold
from portal.demo.models import DemoClock
from portal.journal.models import record
from portal.time import database_clock, moved
from portal.time.clock import in_words, italian_moment
from portal.waking import wake

LONGEST = timedelta(days=31)  # in one step: a typing error must not lead to another century
ALL_FOLLOW = moved.READ_EVERY + 0.1  # seconds
# Work that the new hour may have made due; the timetable would find it too, some seconds later.
WOKEN = (
    "sessions.tasks.send_due_reminders",
    "sessions.tasks.call_webhooks",
    "sessions.tasks.forget_dead_ids",
    "portal.outbox.tasks.deliver_urgent_mail",
    "portal.outbox.tasks.deliver_due_mail",
    "pharmacies.tasks.clear_marks",
    "pharmacies.tasks.ask_to_confirm",
)


class CannotMove(Exception):
    """L’orologio del portale non si può spostare."""


class ClockIsReal(CannotMove):
    """L’orologio si sposta solo nella dimostrazione e nell’ambiente di collaudo: questo portale segue l’ora vera."""


class NotForward(CannotMove):
    """Quel momento è già passato: il tempo va solo avanti."""


class TooFar(CannotMove):
    """Un passo arriva al più a 31 giorni da adesso: vai avanti un mese alla volta."""


def moved_by() -> timedelta:
    """The move in the database (CLOCK_MOVED). Raises django.db.Error."""
    return DemoClock.objects.values_list("moved_by", flat=True).first() or timedelta()


@transaction.atomic
def forward_to(target: datetime, actor: Any = None) -> timedelta:
    """Moves the portal's time to `target` (UTC), waits until every process follows, wakes the workers; returns the step.

    Two people who ask for the same instant move it once. Raises ClockIsReal, NotForward, TooFar.
    """
    row = _held()
    return _moved(row, target - _now_of(row), actor)


@transaction.atomic
def forward_by(step: timedelta, actor: Any = None) -> timedelta:
    """As forward_to(), by a length of time. Two people who ask for an hour each move it by two."""
    return _moved(_held(), step, actor)


def _held() -> DemoClock:
    if not settings.CLOCK_MOVED:
        raise ClockIsReal
    DemoClock.objects.get_or_create(pk=1)
    hold(DemoClock.objects.filter(pk=1))
    return DemoClock.objects.get(pk=1)


def _now_of(row: DemoClock) -> datetime:
    return database_clock.real_now() + row.moved_by


def _moved(row: DemoClock, step: timedelta, actor: Any) -> timedelta:
    if step <= timedelta():
        raise NotForward
    if step > LONGEST:
        raise TooFar
    row.moved_by += step
    row.save(update_fields=["moved_by"])
    now = _now_of(row)
    record("clock.moved", now=now, actor=actor, step=in_words(step), to=italian_moment(now))
    transaction.on_commit(_all_follow)
    return step


def _all_follow() -> None:
    moved.forget()
    sleep(ALL_FOLLOW)
    for task in WOKEN:
        wake(task)
