"""The days on which a pharmacy differs from its week: duties by night and by day, closures, holidays on which it is open."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import F, Q

from pharmacies.models import Pharmacy
from portal.database.composed import Composed
from portal.time.clock import ROME
from sessions.hours.holidays import holidays_of
from sessions.hours.openings import NIGHT_ENDS, Openings
from sessions.hours.special_days import SpecialDays
from sessions.hours.week import Day, Span, Week, write_day, write_span

TONIGHT_UNTIL = timedelta(minutes=NIGHT_ENDS)
HOLIDAYS_AHEAD = timedelta(days=60)  # longer than an id lives and a reminder waits for an opening


class NightDutyQuerySet(models.QuerySet["NightDuty"]):
    def coming(self, pharmacy: int, now: datetime) -> "NightDutyQuerySet":
        """The nights that are not over, yesterday's included: it may last until this morning."""
        return self.filter(pharmacy=pharmacy, evening__gte=_yesterday(now)).order_by("evening")

    def of_tonight(self, now: datetime) -> "NightDutyQuerySet":
        """The nights that run now or begin today: until 8:30 in the morning (Italian time), those that began yesterday."""
        return self.filter(evening=(now.astimezone(ROME) - TONIGHT_UNTIL).date())


class NightDuty(models.Model):
    """A night in which the pharmacy is open: from that evening to the next morning."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="night_duties")
    evening = models.DateField("sera del")
    # minutes from midnight, Italian time, the second of the next day; None: from the closing to the opening (hours/openings.py)
    begins = models.PositiveSmallIntegerField("dalle", null=True)
    ends = models.PositiveSmallIntegerField("alle", null=True)

    objects = NightDutyQuerySet.as_manager()

    class Meta:
        verbose_name = "turno di notte"
        verbose_name_plural = "turni di notte"
        constraints = [
            models.UniqueConstraint(fields=["pharmacy", "evening"], name="one_night_duty_an_evening"),
            models.CheckConstraint(
                condition=Q(begins=None, ends=None) | Q(begins__isnull=False, ends__isnull=False),
                name="night_duty_hours_both_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"turno di notte del {self.evening} di {self.pharmacy_id}"

    @property
    def morning(self) -> date:
        """The day on which it ends."""
        return self.evening + timedelta(days=1)

    @property
    def hours(self) -> Span | None:
        return (self.begins, self.ends) if self.begins is not None and self.ends is not None else None

    @property
    def hours_in_words(self) -> str:
        return write_span(self.hours) if self.hours else ""


class DayDutyQuerySet(models.QuerySet["DayDuty"]):
    def coming(self, pharmacy: int, now: datetime) -> "DayDutyQuerySet":
        """From yesterday on: what opened then may still matter to a reminder."""
        return self.filter(pharmacy=pharmacy, day__gte=_yesterday(now)).order_by("day")


class DayDuty(models.Model):
    """A day on which the pharmacy is on duty, whatever else is written about it."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="day_duties")
    day = models.DateField("giorno")
    hours = models.JSONField("orario")  # [[opens, closes], …] in minutes from midnight, Italian time

    objects = DayDutyQuerySet.as_manager()

    class Meta:
        verbose_name = "turno di giorno"
        verbose_name_plural = "turni di giorno"
        constraints = [models.UniqueConstraint(fields=["pharmacy", "day"], name="one_day_duty_a_day")]

    def __str__(self) -> str:
        return f"turno di giorno del {self.day} di {self.pharmacy_id}"

    @property
    def spans(self) -> Day:
        return tuple((opens, closes) for opens, closes in self.hours)

    @property
    def hours_in_words(self) -> str:
        return write_day(self.spans)


class ClosureQuerySet(models.QuerySet["Closure"]):
    def coming(self, pharmacy: int, now: datetime) -> "ClosureQuerySet":
        """The closures that are not over, yesterday's included."""
        return self.filter(pharmacy=pharmacy, last__gte=_yesterday(now)).order_by("first")


class Closure(models.Model):
    """Days on which the pharmacy is closed (ferie). The closures of a pharmacy do not touch each other."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="closures")
    first = models.DateField("dal")
    last = models.DateField("al")  # closed on this day too

    objects = ClosureQuerySet.as_manager()

    class Meta:
        verbose_name = "chiusura"
        verbose_name_plural = "chiusure"
        constraints = [
            models.UniqueConstraint(fields=["pharmacy", "first"], name="one_closure_from_a_day"),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="closure_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"chiusura dal {self.first} al {self.last} di {self.pharmacy_id}"


class OpenHolidayQuerySet(models.QuerySet["OpenHoliday"]):
    def coming(self, pharmacy: int, now: datetime) -> "OpenHolidayQuerySet":
        return self.filter(pharmacy=pharmacy, day__gte=_yesterday(now)).order_by("day")


class OpenHoliday(models.Model):
    """A holiday on which the pharmacy is open with the hours of that weekday."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="open_holidays")
    day = models.DateField("giorno")

    objects = OpenHolidayQuerySet.as_manager()

    class Meta:
        verbose_name = "festa lavorata"
        verbose_name_plural = "feste lavorate"
        constraints = [models.UniqueConstraint(fields=["pharmacy", "day"], name="one_open_holiday_a_day")]

    def __str__(self) -> str:
        return f"aperta il {self.day}: {self.pharmacy_id}"


_NIGHTS = Composed(NightDuty.objects.coming)
_DUTIES = Composed(DayDuty.objects.coming)
_CLOSURES = Composed(Closure.objects.coming)
_OPEN_HOLIDAYS = Composed(OpenHoliday.objects.coming)


@dataclass(frozen=True)
class ComingDays:
    """The days of a pharmacy that are not over, each kind read once: a page shows them and computes with them."""

    nights: list[NightDuty]
    duties: list[DayDuty]
    closures: list[Closure]
    open_on: frozenset[date]

    @classmethod
    def of(cls, pharmacy: int, now: datetime) -> "ComingDays":
        """The days of the pharmacy with this key, yesterday's included."""
        return cls(
            _NIGHTS.all(pharmacy, now),
            _DUTIES.all(pharmacy, now),
            _CLOSURES.all(pharmacy, now),
            frozenset(row.day for row in _OPEN_HOLIDAYS.all(pharmacy, now)),
        )


def openings_of(pharmacy: Pharmacy, week: Week, now: datetime, days: ComingDays | None = None) -> Openings:
    """When this pharmacy is open, from yesterday to HOLIDAYS_AHEAD. `days`: what the caller has read already."""
    since, days = _yesterday(now), days or ComingDays.of(pharmacy.pk, now)
    special = SpecialDays(
        holidays=holidays_of(pharmacy.province, pharmacy.comune, since, since + HOLIDAYS_AHEAD),
        open_on=days.open_on,
        closures=tuple((closure.first, closure.last) for closure in days.closures),
        duties={duty.day: duty.spans for duty in days.duties},
        night_hours={night.evening: night.hours for night in days.nights if night.hours is not None},
    )
    return Openings(week, frozenset(night.evening for night in days.nights), special)


def _yesterday(now: datetime) -> date:
    return now.astimezone(ROME).date() - timedelta(days=1)
