"""Adds and removes the days on which a pharmacy differs from its week: closures, duties, holidays on which it is open.

Each verb locks the settings of the pharmacy, is one line of the journal, and plans the unsettled reminders again. A closure that
touches another becomes one with it; a duty on a day that has one gets the hours of both.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.journal.models import record
from sessions.hours.week import Day, Span, joined, write_day, write_span
from sessions.models import Closure, DayDuty, NightDuty, OpenHoliday, ReminderSettings
from sessions.reminders.planning import hold_settings, plan_anew

CLOSURES_AT_MOST, DUTIES_AT_MOST = 40, 130  # that are not over
A_DAY = timedelta(days=1)


class TooManyDays(Exception):
    """The pharmacy has as many closures or duties as the portal keeps."""

    sentence = _("Sono troppi: togli quelli che non servono più.")


@transaction.atomic
def add_closure(pharmacy: Pharmacy, first: date, last: date, by: User, now: datetime) -> Closure:
    """Closes the pharmacy from `first` to `last`, both included. Returns the closure, joined with those that it touches.

    Raises TooManyDays.
    """
    chosen = hold_settings(pharmacy)
    own = Closure.objects.filter(pharmacy=pharmacy)
    if Closure.objects.coming(pharmacy.pk, now).count() >= CLOSURES_AT_MOST:
        raise TooManyDays
    touching = list(own.filter(first__lte=last + A_DAY, last__gte=first - A_DAY))
    first = min([first, *(closure.first for closure in touching)])
    last = max([last, *(closure.last for closure in touching)])
    own.filter(pk__in=[closure.pk for closure in touching]).delete()
    closure = Closure.objects.create(pharmacy=pharmacy, first=first, last=last)
    _settled(chosen, "hours.closure", by, now, days=_between(first, last))
    return closure


@transaction.atomic
def remove_closure(pharmacy: Pharmacy, pk: int, by: User, now: datetime) -> Closure | None:
    """Removes a closure. Returns it; None when it is gone already."""
    chosen = hold_settings(pharmacy)
    closure = Closure.objects.filter(pharmacy=pharmacy, pk=pk).first()
    if closure is not None:
        Closure.objects.filter(pk=closure.pk).delete()
        _settled(chosen, "hours.closure_removed", by, now, days=_between(closure.first, closure.last))
    return closure


@transaction.atomic
def add_day_duties(pharmacy: Pharmacy, days: Iterable[date], hours: Day, by: User | None, now: datetime) -> int:
    """Opens the pharmacy on these days at these hours. Returns how many days are new or changed. Raises TooManyDays."""
    chosen, wanted = hold_settings(pharmacy), sorted(set(days))
    known = {duty.day: duty for duty in DayDuty.objects.filter(pharmacy=pharmacy, day__in=wanted)}
    new = [day for day in wanted if day not in known]
    _room(DayDuty.objects.coming(pharmacy.pk, now), len(new))
    wider = [duty for duty in known.values() if joined([*duty.spans, *hours]) != duty.spans]
    for duty in wider:
        duty.hours = [list(span) for span in joined([*duty.spans, *hours])]
    DayDuty.objects.bulk_update(wider, ["hours"])
    DayDuty.objects.bulk_create(DayDuty(pharmacy=pharmacy, day=day, hours=[list(s) for s in hours]) for day in new)
    changed = sorted([*new, *(duty.day for duty in wider)])
    if changed:
        _settled(chosen, "hours.duty", by, now, days=_in_words(changed), hours=write_day(hours))
    return len(changed)


@transaction.atomic
def add_nights(pharmacy: Pharmacy, evenings: Iterable[date], hours: Span | None, by: User | None, now: datetime) -> int:
    """Opens the pharmacy in the nights that begin on these evenings. Returns how many are new or changed. Raises TooManyDays.

    `hours`: None keeps the hours that a night has.
    """
    chosen, wanted = hold_settings(pharmacy), sorted(set(evenings))
    known = {night.evening: night for night in NightDuty.objects.filter(pharmacy=pharmacy, evening__in=wanted)}
    new = [evening for evening in wanted if evening not in known]
    _room(NightDuty.objects.coming(pharmacy.pk, now), len(new))
    begins, ends = hours or (None, None)
    other = [night for night in known.values() if hours is not None and night.hours != hours]
    for night in other:
        night.begins, night.ends = begins, ends
    NightDuty.objects.bulk_update(other, ["begins", "ends"])
    NightDuty.objects.bulk_create(
        NightDuty(pharmacy=pharmacy, evening=evening, begins=begins, ends=ends) for evening in new
    )
    changed = sorted([*new, *(night.evening for night in other)])
    if changed:
        about = {"days": _in_words(changed), "hours": write_span(hours) if hours else "dalla sera al mattino"}
        _settled(chosen, "hours.night", by, now, **about)
    return len(changed)


@transaction.atomic
def remove_duty(duty: DayDuty | NightDuty, by: User, now: datetime) -> None:
    """Removes a duty by day or by night. Removing it twice changes nothing."""
    chosen = hold_settings(duty.pharmacy)
    if type(duty)._default_manager.filter(pk=duty.pk).delete()[0]:
        day = duty.day if isinstance(duty, DayDuty) else duty.evening
        kind = "di giorno" if isinstance(duty, DayDuty) else "di notte"
        _settled(chosen, "hours.duty_removed", by, now, days=_in_words([day]), kind=kind)


@transaction.atomic
def open_on(pharmacy: Pharmacy, day: date, by: User, now: datetime, *, is_open: bool) -> None:
    """Says that the pharmacy is open on this holiday, with the hours of the weekday; or closed again."""
    chosen, rows = hold_settings(pharmacy), OpenHoliday.objects.filter(pharmacy=pharmacy, day=day)
    if is_open == rows.exists():
        return
    if is_open:
        OpenHoliday.objects.create(pharmacy=pharmacy, day=day)
    else:
        rows.delete()
    _settled(chosen, "hours.open_holiday" if is_open else "hours.closed_holiday", by, now, days=_in_words([day]))


def run_of_days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _room(coming: "QuerySet[DayDuty] | QuerySet[NightDuty]", new: int) -> None:
    if new and coming.count() + new > DUTIES_AT_MOST:
        raise TooManyDays


def _settled(chosen: ReminderSettings, verb: str, by: User | None, now: datetime, **about: Any) -> None:
    plan_anew(chosen.pharmacy, chosen, now)
    record(verb, now=now, actor=by, about=chosen.pharmacy.code, **about)


def _between(first: date, last: date) -> str:
    return f"{first:%d/%m/%Y}" if first == last else f"{first:%d/%m/%Y}–{last:%d/%m/%Y}"


def _in_words(days: Iterable[date]) -> str:
    return ", ".join(f"{day:%d/%m/%Y}" for day in days)
