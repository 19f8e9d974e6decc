"""The holidays of the next year that change the hours of a pharmacy."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pharmacies.models import Pharmacy
from portal.time.clock import ROME
from sessions.hours.holidays import holidays_of
from sessions.models import ReminderSettings
from sessions.models.calendar_days import ComingDays

A_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class NextHoliday:
    """A holiday on which the hours of the week would open the pharmacy."""

    day: date
    name: str
    is_open: bool  # the pharmacy says so
    is_on_duty: bool  # by day


def holidays_that_count(
    pharmacy: Pharmacy, chosen: ReminderSettings, now: datetime, days: ComingDays | None = None
) -> list[NextHoliday]:
    """The holidays from today on, except those inside a closure; none without hours, or when the pharmacy never closes.

    `days`: what the caller has read already.
    """
    week, today = chosen.week, now.astimezone(ROME).date()
    if week is None or week.never_closes:
        return []
    days = days or ComingDays.of(pharmacy.pk, now)
    on_duty = {duty.day for duty in days.duties}
    found = holidays_of(pharmacy.province, pharmacy.comune, today, today + A_YEAR)
    return [
        NextHoliday(day, name, day in days.open_on, day in on_duty)
        for day, name in found.items()
        if week.days[day.weekday()] and not any(closure.first <= day <= closure.last for closure in days.closures)
    ]
