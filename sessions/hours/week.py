"""Parses and formats the opening hours of a week as a pharmacist types them: `9–13, 15:30–19:30`, `830-1230`, `24 ore`."""

import itertools
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from django.utils.translation import gettext as _

DAY, NOON = 24 * 60, 12 * 60  # minutes
DAYS = ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica")
SPANS_A_DAY = 4
Span = tuple[int, int]  # minutes from midnight, Italian time: opens, closes; 1440 is the midnight that ends the day
Day = tuple[Span, ...]

_CLOSED = frozenset({"", "chiuso", "chiusa", "-", "–", "—", "riposo"})
_ALL_DAY = frozenset({"24 ore", "24h", "24 h", "h24", "h 24", "24 ore su 24", "sempre aperto", "sempre aperta"})
_APART = re.compile(r"(?:[\s,;/+.]|\be\b)+")
_SPAN = re.compile(
    r"(?:dalle\s+)?(?P<opens>\d[\d:.]*)\s*(?:-|–|—|\ba\b|\balle\b)\s*(?P<closes>\d[\d:.]*)", re.IGNORECASE
)
_TIME = re.compile(r"(?P<hour>\d{1,2})(?:[:.]?(?P<minute>\d{2}))?")
_SLASHED = re.compile(r"(?<=\d)\s*/\s*(?=\d)")  # `8:30/12:30`, when nothing else says from when to when
_FROM_TO = re.compile(r"[-–—]|\ba\b|\balle\b")
_COMMA = re.compile(r"(\d{1,2}),([0-5]\d)(?!\d)")  # `8,30`


class UnclearHours(Exception):
    """The hours cannot be parsed or make no sense; `str()` is the sentence for the person who typed them."""


@dataclass(frozen=True)
class Week:
    """Seven days, Monday first, each with its spans in order. At least one day is open."""

    days: tuple[Day, ...]

    @property
    def never_closes(self) -> bool:
        """Open day and night on every day, holidays too."""
        return all(day == ((0, DAY),) for day in self.days)

    @classmethod
    def load(cls, stored: list[list[list[int]]] | None) -> "Week | None":
        """From the database column; None when the pharmacy has given no hours."""
        return cls(tuple(tuple((opens, closes) for opens, closes in day) for day in stored)) if stored else None

    def dump(self) -> list[list[list[int]]]:
        """For the database column: seven lists of [opens, closes] in minutes."""
        return [[list(span) for span in day] for day in self.days]

    def lines(self) -> list[tuple[str, str]]:
        """`("da lunedì a venerdì", "9–13, 15:30–19:30")`: neighbouring days with the same hours together."""
        groups: list[tuple[int, int]] = []
        for number, day in enumerate(self.days):
            if groups and self.days[groups[-1][0]] == day:
                groups[-1] = (groups[-1][0], number)
            else:
                groups.append((number, number))
        return [(_between(first, last), write_day(self.days[first]) or "chiuso") for first, last in groups]


def read_day(text: str) -> Day:
    """The spans of one day. Raises UnclearHours."""
    typed = " ".join(text.lower().split())
    if typed in _CLOSED:
        return ()
    if typed in _ALL_DAY:
        return ((0, DAY),)
    if not _FROM_TO.search(typed):
        typed = _SLASHED.sub("-", typed)
    try:
        return _spans(typed)
    except UnclearHours as unclear:
        with suppress(UnclearHours):  # a comma may stand between hours and minutes
            return _spans(_COMMA.sub(r"\1:\2", typed))
        raise unclear from None


def read_night(text: str) -> Span:
    """From when to when a night on duty lasts, `20–8:30`: from the afternoon to the next morning. Raises UnclearHours."""
    typed = " ".join(text.lower().split())
    typed = typed if _FROM_TO.search(typed) else _SLASHED.sub("-", typed)
    found = _SPAN.fullmatch(_COMMA.sub(r"\1:\2", typed))
    if found is None:
        raise UnclearHours(_("Non capisco «%(typed)s»: scrivi ad esempio 20–8:30") % {"typed": text.strip()})
    begins, ends = _read_time(found["opens"]), _read_time(found["closes"])
    if begins < NOON or ends > NOON:
        raise UnclearHours(_("Un turno di notte va dalla sera al mattino dopo: scrivi ad esempio 20–8:30"))
    return begins, ends % DAY


def joined(day: Iterable[Span]) -> Day:
    """Spans that touch or overlap become one."""
    found: list[Span] = []
    for opens, closes in sorted(day):
        if found and opens <= found[-1][1]:
            found[-1] = (found[-1][0], max(closes, found[-1][1]))
        else:
            found.append((opens, closes))
    return tuple(found)


def _spans(typed: str) -> Day:
    left_over = " ".join(piece for piece in _APART.split(_SPAN.sub(" ", typed)) if piece)
    if left_over:
        raise UnclearHours(f"Non capisco «{left_over}»: scrivi ad esempio 9–13, 15:30–19:30")
    spans = sorted(_span(found) for found in _SPAN.finditer(typed))
    if len(spans) > SPANS_A_DAY:
        raise UnclearHours(f"Ci sono più di {SPANS_A_DAY} orari nello stesso giorno: scrivi solo quelli di apertura")
    for before, after in itertools.pairwise(spans):
        if after[0] < before[1]:
            raise UnclearHours(
                f"Gli orari {write_day((before,))} e {write_day((after,))} si sovrappongono: "
                "la riapertura deve venire dopo la chiusura"
            )
    return joined(spans)


def write_day(day: Day) -> str:
    """`9–13, 15:30–19:30`; `24 ore`; empty for a day that is closed."""
    if day == ((0, DAY),):
        return "24 ore"
    return ", ".join(map(write_span, day))


def write_span(span: Span) -> str:
    """`15:30–19:30`; a night on duty: `20–8:30`."""
    return f"{write_time(span[0])}–{write_time(span[1])}"


def write_time(minute: int) -> str:
    """`9`, `15:30`, `24`."""
    hour, minute = divmod(minute, 60)
    return f"{hour}:{minute:02}" if minute else str(hour)


def _span(found: re.Match[str]) -> Span:
    piece = found.group()
    opens, closes = _read_time(found["opens"]), _read_time(found["closes"])
    if opens == closes:
        raise UnclearHours(f"In «{piece}» apertura e chiusura coincidono: se non chiudi mai, scrivi 24 ore")
    if closes < opens:
        opening, closing = write_time(opens), write_time(closes)
        raise UnclearHours(
            f"In «{piece}» la chiusura viene prima dell’apertura. Se chiudi dopo mezzanotte, scrivi {opening}–24 qui e "
            + (f"0–{closing} nel giorno dopo" if closes else "niente nel giorno dopo")
        )
    return opens, closes


def _read_time(text: str) -> int:
    found = _TIME.fullmatch(text)
    hour, minute = (int(found["hour"]), int(found["minute"] or 0)) if found else (99, 0)
    if minute > 59 or hour * 60 + minute > DAY:
        raise UnclearHours(f"«{text}» non è un’ora: scrivi ad esempio 9, 9:00 oppure 15:30")
    return hour * 60 + minute


def _between(first: int, last: int) -> str:
    if first == last:
        return DAYS[first]
    return f"{DAYS[first]} e {DAYS[last]}" if last == first + 1 else f"da {DAYS[first]} a {DAYS[last]}"
