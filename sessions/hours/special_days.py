"""Tells how single days differ from the week: holidays, closures, days on duty, holidays on which the pharmacy is open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum

from sessions.hours.week import DAY, Day, Span, Week

MORNING = 5 * 60  # hours that begin at midnight and end by five belong to the evening before


class Closed(Enum):
    """Why a pharmacy is closed between two openings."""

    PAUSE = "pausa"  # between two openings of one day
    NIGHT = "chiusura"  # the evening, or a day without hours
    CLOSURE = "ferie"
    HOLIDAY = "festa"


@dataclass(frozen=True)
class SpecialDays:
    """A duty opens the pharmacy whatever else is written; a closure comes before `open_on`; `open_on` comes before a holiday."""

    holidays: Mapping[date, str] = field(default_factory=dict)  # with their Italian names
    open_on: frozenset[date] = frozenset()  # holidays on which the hours of the week count
    closures: tuple[tuple[date, date], ...] = ()  # first and last closed day
    duties: Mapping[date, Day] = field(default_factory=dict)  # by day: the hours of the duty
    night_hours: Mapping[date, Span] = field(default_factory=dict)  # by evening: begins; ends the next morning

    def why_closed(self, day: date, week: Week) -> Closed | None:
        """Why the hours of the week do not count on this day; None when they do."""
        if any(first <= day <= last for first, last in self.closures):
            return Closed.CLOSURE
        if day in self.holidays and day not in self.open_on and not week.never_closes:
            return Closed.HOLIDAY
        return None

    def spans(self, day: date, week: Week) -> list[Span]:
        """The open hours of this day, sorted; those of a duty may overlap those of the week."""
        usual = [span for span in week.days[day.weekday()] if self._counts(day, span, week)]
        return sorted([*usual, *self.duties.get(day, ())])

    def _counts(self, day: date, span: Span, week: Week) -> bool:
        eve = day - timedelta(days=1)
        evening = week.days[eve.weekday()]
        is_of_the_eve = span[0] == 0 and span[1] <= MORNING and bool(evening) and evening[-1][1] == DAY
        return self.why_closed(eve if is_of_the_eve else day, week) is None


NO_SPECIAL_DAYS = SpecialDays()
