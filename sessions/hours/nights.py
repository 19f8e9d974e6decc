"""Parses the dates of the nights on duty as a pharmacist types or pastes them: one date a line, or a range."""

import re
from collections.abc import Collection
from datetime import date, timedelta

from sessions.hours.week import UnclearHours

NIGHTS_AT_MOST = 120
FURTHEST = timedelta(days=400)
_MONTHS = ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic")
_DATE = re.compile(r"(?P<day>\d{1,2})[/. -](?P<month>\d{1,2}|[a-z]+)(?:[/. -](?P<year>\d{4}|\d{2}))?")
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})")
_APART = re.compile(r"[\n,;]+")
_TO = re.compile(r"\s+al?\s+|\s+fino\s+al\s+|\s*[–—]\s*|\s+-\s+")
_WEEKDAY = re.compile(r"^(?:lun|mar|mer|gio|ven|sab|dom)[a-zì]*\.?\s+")


def read_nights(text: str, today: date, on_record: Collection[date] = ()) -> list[date]:
    """The dates, sorted, without duplicates; a date without a year is the next such date. Raises UnclearHours.

    Refuses a past night unless it is `on_record`, which it leaves out: a form filled in before midnight and sent after it still
    names the night that has just become past.
    """
    nights: set[date] = set()
    for piece in _APART.split(text.lower()):
        typed = " ".join(piece.split())
        if typed:
            nights |= _stretch(typed, today, on_record)
    nights = {night for night in nights if night >= _earliest(today)}
    if len(nights) > NIGHTS_AT_MOST:
        raise UnclearHours(f"Hai scritto {len(nights)} notti: se ne possono indicare al massimo {NIGHTS_AT_MOST}")
    return sorted(nights)


def _earliest(today: date) -> date:
    """Yesterday: the night that began yesterday evening may not be over."""
    return today - timedelta(days=1)


def _stretch(typed: str, today: date, on_record: Collection[date]) -> set[date]:
    ends = _TO.split(typed.removeprefix("dal ").removeprefix("la notte del "))
    if len(ends) > 2:
        raise UnclearHours(f"Non capisco «{typed}»: scrivi una data per riga, ad esempio 24/12/{today.year}")
    first, last = (_date(end, today, on_record) for end in (ends[0], ends[-1]))
    if last < first:
        raise UnclearHours(f"In «{typed}» la seconda data viene prima della prima")
    if (last - first).days >= NIGHTS_AT_MOST:
        raise UnclearHours(f"«{typed}» sono più di {NIGHTS_AT_MOST} notti: controlla le date")
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


def _date(typed: str, today: date, on_record: Collection[date]) -> date:
    found = _ISO.fullmatch(typed) or _DATE.fullmatch(_WEEKDAY.sub("", typed))
    month = _month(found["month"]) if found else 0
    if found is None or not month:
        raise UnclearHours(f"Non capisco la data «{typed}»: scrivi ad esempio 24/12/{today.year}")
    year = found["year"]
    years = [int(year) if len(year) == 4 else 2000 + int(year)] if year else range(today.year, today.year + 5)
    for candidate in years:
        try:
            day = date(candidate, month, int(found["day"]))
        except ValueError:  # 29 February: try the next year
            continue
        if year and day in on_record:
            return day
        if year or day >= _earliest(today):
            return _in_reach(day, typed, today)
    raise UnclearHours(f"«{typed}» non esiste sul calendario")


def _in_reach(day: date, typed: str, today: date) -> date:
    if day < _earliest(today):
        raise UnclearHours(f"La notte del {typed} è già passata: toglila")
    if day > today + FURTHEST:
        raise UnclearHours(f"La notte del {typed} è troppo lontana: scrivi i turni dei prossimi dodici mesi")
    return day


def _month(text: str) -> int:
    if text.isdigit():
        return int(text) if 1 <= int(text) <= 12 else 0
    return _MONTHS.index(text[:3]) + 1 if text[:3] in _MONTHS else 0
