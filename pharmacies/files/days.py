"""Reads a day as the files of the administrations write it."""

import re
from datetime import date, datetime

from portal.time.clock import ROME

# 31/12/2025, 1-1-2010, 01.01.10, 2014-12-31, 2014/12/31, each with or without a time and a time zone
CLOCK = r"(?:[T ](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
DAY_FIRST = re.compile(r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4}|\d{2})" + CLOCK, re.ASCII)
YEAR_FIRST = re.compile(r"(?P<year>\d{4})[/.-](?P<month>\d{1,2})[/.-](?P<day>\d{1,2})" + CLOCK, re.ASCII)
TWO_DIGITS_TURN = 69  # 68 is 2068, 69 is 1969, as POSIX reads them
FOR_EVER_FROM = 2900  # years


def day_in(cell: str) -> date | None:
    """Returns the Italian day in a cell (see DAY_FIRST, YEAR_FIRST); None when the cell is empty. Raises ValueError."""
    if not cell:
        return None
    found = DAY_FIRST.fullmatch(cell) or YEAR_FIRST.fullmatch(cell)
    if found is None:
        raise ValueError
    year = int(found["year"])
    year += 0 if len(found["year"]) == 4 else 2000 if year < TWO_DIGITS_TURN else 1900
    day = date(year, int(found["month"]), int(found["day"]))
    if found["zone"]:  # an instant with a time zone: its day in Italy
        return datetime.fromisoformat(f"{day}T{found['clock']}{found['zone']}").astimezone(ROME).date()
    return day


def last_day_in(cell: str) -> date | None:
    """As day_in; None for the days that mean "no end": 31/12/9999, 31/12/2999, 31/12/99. Raises ValueError."""
    value = day_in(cell)
    if value is None or value.year >= FOR_EVER_FROM or re.fullmatch(r"31\D12\D99(\D.*)?", cell):
        return None
    return value
