"""The first and the last day of an office, as instants: an office begins and ends at a midnight in Rome."""

from datetime import UTC, date, datetime, time, timedelta

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
    first = f"dal {first_day(since):%d/%m/%Y}"
    return first if until is None else f"{first} al {max(last_day(until), first_day(since)):%d/%m/%Y}"
