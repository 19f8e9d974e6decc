"""Computes when to send the reminders of an id: at the plain time, or while the pharmacy is open to read them.

All instants are UTC. A reminder (minutes_before > 0) is never before `after` and always before the end of the id; with opening
hours it is always at a moment when the pharmacy is open. The notice (minutes_before 0) is never before the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sessions.hours.openings import Openings, Stretch

LITTLE = timedelta(minutes=10)  # with this much left or less, a reminder that no lead time fits leaves at once
SOONER_AT_MOST = timedelta(hours=1)
LOOKS_AHEAD = timedelta(days=15)  # how far to look for the next opening


@dataclass(frozen=True)
class Moment:
    """One planned letter."""

    minutes_before: int  # 0: the notice that the id has expired
    at: datetime


def plain(expires_at: datetime, minutes_before: int) -> datetime:
    """The plain time: `minutes_before` elapsed minutes before the end, whatever the wall clock does."""
    return expires_at - timedelta(minutes=minutes_before)


def moments(
    expires_at: datetime,
    minutes: Sequence[int],
    after: datetime,
    openings: Openings | None = None,
    *,
    at_opening: bool = False,
    warned: bool = False,
) -> list[Moment]:
    """The letters still to send about an id that ends at `expires_at`, in the order of `minutes` (0: the notice).

    Without openings, each at its plain time. With openings, if the id expires while the pharmacy is open: at the plain time,
    or, when that falls in a closure, before the closure or at the reopening (`at_opening`). If the id expires while the pharmacy
    is closed: the same minutes before the last closing, or, with `at_opening` or when that moment has passed and the pharmacy
    was not `warned`, the notice at the next opening.

    When every lead time is longer than what is left and the pharmacy was not `warned`, the shortest lead time is shortened: to
    half of what is left, at most SOONER_AT_MOST, or the letter leaves at once (at `after`) when no more than LITTLE is left.
    """
    if openings is None:
        found = [Moment(lead, at) for lead in minutes if (at := plain(expires_at, lead)) > after]
        if warned or any(moment.minutes_before for moment in found):
            return found
        return _sooner(expires_at, minutes, after) + found
    stretches = openings.stretches(min(after, expires_at), expires_at + LOOKS_AHEAD)
    before = [stretch for stretch in stretches if stretch.start < expires_at]
    dies_closed = not before or before[-1].end < expires_at
    found = [] if dies_closed and at_opening else _reminders(before, expires_at, minutes, after, at_opening)
    if not (found or warned or dies_closed):
        found = _sooner(expires_at, minutes, after, before[-1].start)
    replaced = dies_closed and any(minutes) and not found and not warned
    if 0 in minutes or replaced:
        opening = next((stretch for stretch in stretches if stretch.end > expires_at), None)
        at = max(opening.start, expires_at) if opening else expires_at
        if at > after and (opening or 0 in minutes):
            found.append(Moment(0, at))
    return found


def _sooner(
    expires_at: datetime, minutes: Sequence[int], after: datetime, opens_at: datetime | None = None
) -> list[Moment]:
    """One reminder at a shortened lead time, when no chosen one fits into what is left; not before `opens_at`."""
    wanted, left = [lead for lead in minutes if lead], expires_at - after
    if not wanted or left <= timedelta(0):
        return []
    lead = left if left <= LITTLE else min(left / 2, SOONER_AT_MOST)
    return [Moment(min(wanted), max(expires_at - lead, opens_at or after))]


def _reminders(
    before: list[Stretch], expires_at: datetime, minutes: Sequence[int], after: datetime, at_opening: bool
) -> list[Moment]:
    """The reminders before the end. `before`: the open stretches that begin before it."""
    if not before:
        return []
    last = before[-1]
    found = []
    for minutes_before in filter(None, minutes):
        lead = timedelta(minutes=minutes_before)
        chosen = [min(last.end, expires_at) - lead]
        if chosen[0] < last.start:
            chosen = [last.start]
            if last.end >= expires_at and not at_opening and len(before) > 1:
                chosen.insert(0, max(before[-2].end - lead, before[-2].start))
        found += [Moment(minutes_before, at) for at in chosen if at > after][:1]
    return found


def reason(moment: Moment, expires_at: datetime, openings: Openings | None) -> str:
    """Why the letter leaves at that time, in words to follow the time: `prima della chiusura`; empty at the plain time."""
    if (
        moment.minutes_before
        and moment.at > plain(expires_at, moment.minutes_before)
        and not _opens(moment.at, openings)
    ):
        return "perché manca meno dell’anticipo scelto"
    if openings is None:
        return ""
    around = openings.stretches(moment.at - LOOKS_AHEAD / 15, moment.at)
    here = next((stretch for stretch in around if stretch.has(moment.at)), None)
    if moment.at == plain(expires_at, moment.minutes_before):
        return "durante il turno di notte" if openings.is_night_duty(moment.at) else ""
    if here is None:
        return ""
    return "all’apertura" if moment.at == here.start else "prima della chiusura"


def _opens(at: datetime, openings: Openings | None) -> bool:
    """Whether the pharmacy opens at exactly this instant."""
    return openings is not None and any(stretch.start == at for stretch in openings.stretches(at, at))
