"""The first and the last day of an office, as instants: an office begins and ends at a midnight in Rome."""

from datetime import UTC, date, datetime, time, timedelta

from django.utils.translation import gettext as _

from portal.time.clock import ROME


def starts_on(day: date) -> datetime:
    """The midnight (Rome) with which this day begins, as UTC."""
    return datetime.combine(day, time.min, ROME).astimezone(UTC)


def ends_after(day: date) -> datetime:
    """The midnight (Rome) after this last day of work, as UTC: the value of Office.until."""
    return starts_on(day + timedelta(days=1))


def first_day(since: datetime) -> date:
    return since.astimezone(ROME).date()


def last_day(until: datetime) -> date:
    """The last day with at least one instant before `until`."""
    return (until - timedelta(microseconds=1)).astimezone(ROME).date()


def in_words(since: datetime, until: datetime | None) -> str:
    """`dal 01/12/2026`, `dal 01/12/2026 al 31/12/2026` (the last day)."""
    first = first_day(since)
    return days_in_words(first, None if until is None else max(last_day(until), first))


def days_in_words(first: date | None, last: date | None) -> str:
    """As in_words, for days; without the part of a day that is None."""
    parts = [
        first and _("dal %(day)s") % {"day": f"{first:%d/%m/%Y}"},
        last and _("al %(day)s") % {"day": f"{last:%d/%m/%Y}"},
    ]
    return " ".join(part for part in parts if part)
