"""Computes when to send the reminders of an id: at the plain time, or while the pharmacy is open to read them.

The rule for one lead time: at the end less the lead time if the pharmacy is open then; else at the first reopening that leaves
at least `leaves` before the end; else so long before the last closing.

All instants are UTC. A reminder (minutes_before > 0) is after `after` and before the end of the id; with opening hours it is
at a moment when the pharmacy is open, unless it does not open within LOOKS_AHEAD. The notice (minutes_before 0) is never
before the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from sessions.hours.openings import Openings, Stretch
from sessions.hours.special_days import Closed

LITTLE = timedelta(minutes=10)  # with this much left or less, a reminder that no lead time fits leaves at once
SOONER_AT_MOST = timedelta(hours=1)
LOOKS_AHEAD = timedelta(days=15)  # how far to look for the next opening
LEAVES_AT_LEAST = timedelta(minutes=30)  # the default of REMINDER_REOPENING_LEAVES


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
    leaves: timedelta = LEAVES_AT_LEAST,
) -> list[Moment]:
    """The letters still to send about an id that ends at `expires_at`, in the order of `minutes` (0: the notice).

    Without openings, or when the pharmacy does not open within LOOKS_AHEAD, each at its plain time. With openings, as the
    module's rule says; `at_opening`: a reminder whose plain time falls in a closure waits for the reopening, however little it
    leaves. Two reminders at one instant are one: the nearer to the end. When none is left before the end and the pharmacy was
    not `warned`, the notice replaces them: at the next opening, or at the end when none comes within LOOKS_AHEAD.

    When every lead time is longer than what is left, the id ends while the pharmacy is open, and it was not `warned`, the
    shortest lead time is shortened: to half of what is left, at most SOONER_AT_MOST, or the letter leaves at once (at `after`)
    when no more than LITTLE is left.
    """
    stretches = openings.stretches(min(after, expires_at), expires_at + LOOKS_AHEAD) if openings else []
    if not any(stretch.end > after for stretch in stretches):
        found = [Moment(lead, exact) for lead in minutes if (exact := plain(expires_at, lead)) > after]
        if warned or any(moment.minutes_before for moment in found):
            return found
        return _sooner(expires_at, minutes, after) + found
    before = [stretch for stretch in stretches if stretch.start < expires_at]
    dies_closed = not before or before[-1].end < expires_at
    wait = timedelta(0) if at_opening else leaves
    chosen = {  # by instant: a shorter lead time takes the place of a longer one
        at: Moment(lead, at)
        for lead in sorted(filter(None, minutes), reverse=True)
        if (at := _while_open(expires_at, lead, before, wait, or_before=not at_opening)) and at > after
    }
    found = [moment for lead in minutes for moment in chosen.values() if moment.minutes_before == lead]
    if not (found or warned or dies_closed):
        found = _sooner(expires_at, minutes, after, before[-1].start)
    replaced = dies_closed and any(minutes) and not found and not warned
    if 0 in minutes or replaced:
        opening = next((stretch for stretch in stretches if stretch.end > expires_at), None)
        notice_at = max(opening.start, expires_at) if opening else expires_at
        if notice_at > after:
            found.append(Moment(0, notice_at))
    return found


def _while_open(
    expires_at: datetime, minutes_before: int, before: list[Stretch], wait: timedelta, *, or_before: bool
) -> datetime | None:
    """When to send one reminder. `before`: the open stretches that begin before the end.

    `wait`: how much a reopening must leave before the end. `or_before`: when none leaves it, before the last closing; else None.
    """
    at, lead = plain(expires_at, minutes_before), timedelta(minutes=minutes_before)
    if any(stretch.has(at) for stretch in before):
        return at
    reopening = next((stretch.start for stretch in before if stretch.start > at), None)
    if reopening is not None and reopening <= expires_at - wait:
        return reopening
    closed = [stretch for stretch in before if stretch.end <= at]
    return max(closed[-1].end - lead, closed[-1].start) if closed and or_before else None


def _sooner(
    expires_at: datetime, minutes: Sequence[int], after: datetime, opens_at: datetime | None = None
) -> list[Moment]:
    """One reminder at a shortened lead time, when no chosen one fits into what is left; not before `opens_at`."""
    wanted, left = [lead for lead in minutes if lead], expires_at - after
    if not wanted or left <= timedelta(0):
        return []
    lead = left if left <= LITTLE else min(left / 2, SOONER_AT_MOST)
    return [Moment(min(wanted), max(expires_at - lead, opens_at or after))]


def reason(moment: Moment, expires_at: datetime, openings: Openings | None) -> str:
    """The words that follow the time: `prima della chiusura`, `alla riapertura dopo la pausa`; empty at the plain time."""
    is_plain = moment.at == plain(expires_at, moment.minutes_before)
    around = openings.stretches(moment.at - LOOKS_AHEAD, moment.at + LOOKS_AHEAD) if openings is not None else []
    here = next((number for number, stretch in enumerate(around) if stretch.has(moment.at)), None)
    opens = here is not None and around[here].start == moment.at
    if moment.minutes_before and moment.at > plain(expires_at, moment.minutes_before) and not opens:
        return _("perché manca meno dell’anticipo scelto")
    if openings is None or here is None:
        return ""
    if is_plain:
        if openings.is_night_duty(moment.at):
            return _("durante il turno di notte")
        return _("durante il turno di giorno") if openings.is_day_duty(moment.at) else ""
    if opens:
        since = around[here - 1].end if here else moment.at - LOOKS_AHEAD
        return _after(*openings.why_closed(since, moment.at))
    until = around[here + 1].start if here + 1 < len(around) else moment.at + LOOKS_AHEAD
    return _before(*openings.why_closed(around[here].end, until))


def _before(why: Closed, holiday: str) -> str:
    return {
        Closed.PAUSE: _("prima della pausa"),
        Closed.NIGHT: _("prima della chiusura"),
        Closed.CLOSURE: _("prima delle ferie"),
        Closed.HOLIDAY: _("prima della festa (%(holiday)s)") % {"holiday": holiday},
    }[why]


def _after(why: Closed, holiday: str) -> str:
    return {
        Closed.PAUSE: _("alla riapertura dopo la pausa"),
        Closed.NIGHT: _("all’apertura"),
        Closed.CLOSURE: _("alla riapertura dopo le ferie"),
        Closed.HOLIDAY: _("alla riapertura dopo la festa (%(holiday)s)") % {"holiday": holiday},
    }[why]
