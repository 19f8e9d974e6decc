"""When to write about an id: the plain rule, or early enough to be read by somebody who closes at night.

All instants are UTC. A reminder (minutes_before > 0) is never before `after`, never at or after the end of the id, and with
opening hours always at a moment when the pharmacy is open. The notice (minutes_before 0) is never before the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sessions.hours.openings import Openings, Stretch

LITTLE = timedelta(minutes=10)  # left of an id: what is still to be said about it is said at once
SOONER_AT_MOST = timedelta(hours=1)
LOOKS_AHEAD = timedelta(days=15)  # for the next opening; closed for longer, nobody waits for the notice


@dataclass(frozen=True)
class Moment:
    """One letter to come."""

    minutes_before: int  # 0: the notice that it has expired
    at: datetime


def plain(expires_at: datetime, minutes_before: int) -> datetime:
    """So many real minutes before the end."""
    return expires_at - timedelta(minutes=minutes_before)


def moments(
    expires_at: datetime,
    minutes: Sequence[int],
    after: datetime,
    openings: Openings | None = None,
    *,
    at_opening: bool = False,
    told: bool = False,
) -> list[Moment]:
    """What must still be said about an id that ends at `expires_at`, in the order of `minutes` (0: that it has expired).

    Without openings, at its plain time. With them: an id that dies while the pharmacy is open has its reminder at the
    plain time, or, when that falls in a closure, before the closure or at the reopening (`at_opening`). An id that dies
    while it is closed has it so many minutes before the last closing, or (`at_opening`, or when that moment has passed
    and nothing was `told`) the notice at the next opening.

    When every lead is longer than what is left and nothing was `told`, the shortest one is said sooner than chosen: in the
    middle of what is left, or at once (at `after`) when that is little.
    """
    if openings is None:
        found = [Moment(each, at) for each in minutes if (at := plain(expires_at, each)) > after]
        return (
            found if told or any(each.minutes_before for each in found) else _sooner(expires_at, minutes, after) + found
        )
    stretches = openings.stretches(min(after, expires_at), expires_at + LOOKS_AHEAD)
    before = [stretch for stretch in stretches if stretch.start < expires_at]
    dies_closed = not before or before[-1].end < expires_at
    found = [] if dies_closed and at_opening else _reminders(before, expires_at, minutes, after, at_opening)
    if not (found or told or dies_closed):
        found = _sooner(expires_at, minutes, after, before[-1].start)
    replaced = dies_closed and any(minutes) and not found and not told
    if 0 in minutes or replaced:
        opening = next((stretch for stretch in stretches if stretch.end > expires_at), None)
        at = max(opening.start, expires_at) if opening else expires_at
        if at > after and (opening or 0 in minutes):
            found.append(Moment(0, at))
    return found


def _sooner(
    expires_at: datetime, minutes: Sequence[int], after: datetime, opens_at: datetime | None = None
) -> list[Moment]:
    """The reminder whose lead does not fit into what is left; not before `opens_at`."""
    wanted, left = [each for each in minutes if each], expires_at - after
    if not wanted or left <= timedelta(0):
        return []
    lead = left if left <= LITTLE else min(left / 2, SOONER_AT_MOST)
    return [Moment(min(wanted), max(expires_at - lead, opens_at or after))]


def _reminders(
    before: list[Stretch], expires_at: datetime, minutes: Sequence[int], after: datetime, at_opening: bool
) -> list[Moment]:
    """Those before the end; `before` are the open stretches that begin before it."""
    if not before:
        return []
    last = before[-1]
    found = []
    for each in filter(None, minutes):
        lead = timedelta(minutes=each)
        chosen = [min(last.end, expires_at) - lead]
        if chosen[0] < last.start:
            chosen = [last.start]
            if last.end >= expires_at and not at_opening and len(before) > 1:
                chosen.insert(0, max(before[-2].end - lead, before[-2].start))
        found += [Moment(each, at) for at in chosen if at > after][:1]
    return found


def reason(moment: Moment, expires_at: datetime, openings: Openings | None) -> str:
    """Why then, to be read after the time: `prima della chiusura`; empty for the plain rule."""
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
    """The pharmacy opens at this very instant."""
    return openings is not None and any(stretch.start == at for stretch in openings.stretches(at, at))
