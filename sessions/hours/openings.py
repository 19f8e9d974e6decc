"""Converts opening hours (Italian wall clock) into open stretches in UTC, across clock changes, holidays, closures and duties."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from portal.time.clock import ROME
from sessions.hours.special_days import MORNING, NO_SPECIAL_DAYS, Closed, SpecialDays
from sessions.hours.week import DAY, NOON, Week

# A night on duty without hours of its own lasts from the evening to the morning. It begins at the evening's closing if that is at
# 18:00 or later, else at 20:00; it ends at the first opening between 5:00 and noon, else at 8:30. An opening before 5:00 belongs
# to the night, because a pharmacy open past midnight writes its last hours under the next day.
EVENING, NIGHT_BEGINS, NIGHT_ENDS = 18 * 60, 20 * 60, 8 * 60 + 30


@dataclass(frozen=True)
class Stretch:
    """Open without a break from `start` to `end` (UTC), over midnight too."""

    start: datetime
    end: datetime

    def has(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True)
class Openings:
    """The hours of the week, the nights on duty (by the date of the evening), and the days that differ from the week."""

    week: Week
    nights: frozenset[date] = frozenset()
    special: SpecialDays = NO_SPECIAL_DAYS

    def stretches(self, since: datetime, until: datetime) -> list[Stretch]:
        """The open stretches, sorted and disjoint, from the day before `since` to the day after `until`."""
        first = since.astimezone(ROME).date() - timedelta(days=1)
        last = until.astimezone(ROME).date() + timedelta(days=1)
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        found = sorted(span for day in days for span in self._spans_of(day))
        joined: list[Stretch] = []
        for start, end in found:
            if end <= start:  # the hour that the clock skips
                continue
            if joined and start <= joined[-1].end:
                joined[-1] = Stretch(joined[-1].start, max(joined[-1].end, end))
            else:
                joined.append(Stretch(start, end))
        return joined

    def is_night_duty(self, at: datetime) -> bool:
        """Whether the instant is inside a night on duty."""
        today = at.astimezone(ROME).date()
        nights = (day for day in (today - timedelta(days=1), today) if day in self.nights)
        return any(start <= at < end for start, end in map(self._night, nights))

    def is_day_duty(self, at: datetime) -> bool:
        """Whether the instant is inside a duty by day, on a day on which the hours of the week do not count."""
        day = at.astimezone(ROME).date()
        spans = self.special.duties.get(day, ())
        return any(
            instant(day, opens, closing=False) <= at < instant(day, closes, closing=True) for opens, closes in spans
        ) and (not self.week.days[day.weekday()] or self.special.why_closed(day, self.week) is not None)

    def why_closed(self, since: datetime, until: datetime) -> tuple[Closed, str]:
        """Why the pharmacy is closed from one closing to the next opening (UTC), and the name of the holiday, if it is one."""
        first, last = since.astimezone(ROME).date(), until.astimezone(ROME).date()
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        reasons = {day: self.special.why_closed(day, self.week) for day in days if self.week.days[day.weekday()]}
        if Closed.CLOSURE in reasons.values():
            return Closed.CLOSURE, ""
        for day, reason in reasons.items():
            if reason is Closed.HOLIDAY:
                return reason, self.special.holidays[day]
        return (Closed.PAUSE if first == last else Closed.NIGHT), ""

    def _spans_of(self, day: date) -> list[tuple[datetime, datetime]]:
        spans = [
            (instant(day, opens, closing=False), instant(day, closes, closing=True))
            for opens, closes in self.special.spans(day, self.week)
        ]
        return [*spans, self._night(day)] if day in self.nights else spans

    def _night(self, day: date) -> tuple[datetime, datetime]:
        after = day + timedelta(days=1)
        if (hours := self.special.night_hours.get(day)) is not None:
            begins, ends = hours
        else:
            evening, morning = self.special.spans(day, self.week), self.special.spans(after, self.week)
            closing = max((closes for _, closes in evening), default=0)
            begins = closing if closing >= EVENING else NIGHT_BEGINS
            ends = next((opens for opens, _ in morning if MORNING <= opens <= NOON), NIGHT_ENDS)
        return instant(day, begins, closing=False), instant(after, ends, closing=True)


def instant(day: date, minute: int, *, closing: bool) -> datetime:
    """The instant (UTC) of a time on the Italian wall clock; minute 1440 is the midnight that ends the day.

    In an hour that the clock repeats in autumn, an opening means the first pass and a closing the second. A time that the clock
    skips in spring becomes the instant of the jump.
    """
    days, minute = divmod(minute, DAY)
    wall = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60))
    at = wall.replace(tzinfo=ROME, fold=int(closing)).astimezone(UTC)
    if at.astimezone(ROME).replace(tzinfo=None) == wall:
        return at
    return wall.replace(minute=0, tzinfo=ROME, fold=0).astimezone(UTC)  # Rome jumps on the hour
