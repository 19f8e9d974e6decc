"""The rule of a reminder: the plain time if open, else the reopening that leaves half an hour, else before the last closing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from portal.time.clock import ROME
from sessions.hours.holidays import holidays_of
from sessions.hours.moments import LEAVES_AT_LEAST, Moment, moments, plain, reason
from sessions.hours.openings import Openings
from sessions.hours.special_days import SpecialDays
from sessions.hours.week import Week, read_day

SPLIT = Week((read_day("8:30–12:30, 15:30–19:30"),) * 5 + (read_day("8:30–12:30"), ()))
HOLIDAYS = holidays_of("TN", "Trento", date(2026, 1, 1), date(2028, 12, 31))
ITALY = SpecialDays(holidays=HOLIDAYS)
SUMMER = ((date(2027, 8, 9), date(2027, 8, 21)),)
ON_DUTY = SpecialDays(holidays=HOLIDAYS, duties={date(2026, 12, 25): read_day("8:30–12:30, 15:30–19:30")})


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


def planned(ends: str, requested: str, special=ITALY, *, week=SPLIT, minutes=(60,), nights=(), **how):
    """Day, hour and reason of each letter, in Italian time; `!` marks the notice."""
    openings = Openings(week, frozenset(map(date.fromisoformat, nights)), special)
    return [
        f"{moment.at.astimezone(ROME):%d/%m %H:%M}{'' if moment.minutes_before else '!'} "
        f"{reason(moment, rome(ends), openings)}".strip()
        for moment in moments(rome(ends), minutes, rome(requested), openings, **how)
    ]


@pytest.mark.parametrize(
    ("ends", "requested", "how", "says"),
    [
        # Christmas is closed: before the closing of the evening before
        ("2026-12-25 09:30", "2026-12-24 17:30", {}, ["24/12 18:30 prima della festa (Natale)"]),
        ("2026-12-25 09:30", "2026-12-24 17:30", {"at_opening": True}, ["28/12 08:30! alla riapertura dopo la festa (Natale)"]),
        # on duty at Christmas, and «siamo aperti»: the plain time
        ("2026-12-25 09:30", "2026-12-24 17:30", {"special": ON_DUTY}, ["25/12 08:30 durante il turno di giorno"]),
        ("2026-12-25 09:30", "2026-12-24 17:30", {"special": SpecialDays(holidays=HOLIDAYS, open_on=frozenset([date(2026, 12, 25)]))}, ["25/12 08:30"]),
        # the break: the reopening leaves an hour and 44 minutes
        ("2026-11-30 17:14", "2026-11-30 09:00", {"minutes": (120,)}, ["30/11 15:30 alla riapertura dopo la pausa"]),
        # a reopening that leaves less than half an hour is too late: before the break
        ("2026-11-30 15:45", "2026-11-30 09:00", {}, ["30/11 11:30 prima della pausa"]),
        ("2026-11-30 16:00", "2026-11-30 09:00", {"minutes": (90,)}, ["30/11 15:30 alla riapertura dopo la pausa"]),
        ("2026-11-30 15:59", "2026-11-30 09:00", {"minutes": (90,)}, ["30/11 11:00 prima della pausa"]),
        ("2026-11-30 15:45", "2026-11-30 09:00", {"at_opening": True}, ["30/11 15:30 alla riapertura dopo la pausa"]),
        ("2026-11-30 15:45", "2026-11-30 09:00", {"leaves": timedelta(minutes=15)}, ["30/11 15:30 alla riapertura dopo la pausa"]),
        # two lead times that meet at the reopening are one letter
        ("2026-11-30 17:14", "2026-11-30 09:00", {"minutes": (120, 90, 30)}, ["30/11 15:30 alla riapertura dopo la pausa", "30/11 15:44", "30/11 16:44"]),
        ("2026-11-30 16:20", "2026-11-30 09:00", {"minutes": (120, 60)}, ["30/11 15:30 alla riapertura dopo la pausa"]),
        # it ends at night
        ("2026-12-01 01:00", "2026-11-30 09:00", {}, ["30/11 18:30 prima della chiusura"]),
        ("2026-12-01 01:00", "2026-11-30 09:00", {"nights": ["2026-11-30"]}, ["01/12 00:00 durante il turno di notte"]),
        # it ends after the closing, its plain time is before it
        ("2026-11-30 20:00", "2026-11-30 09:00", {}, ["30/11 19:00"]),
        # closed for weeks: before the closure; requested for too late for that, at the end
        ("2027-08-07 20:00", "2027-08-07 09:00", {"special": SpecialDays(closures=SUMMER)}, ["07/08 11:30 prima delle ferie"]),
        ("2027-08-08 04:00", "2027-08-07 12:00", {"special": SpecialDays(closures=SUMMER)}, ["23/08 08:30! alla riapertura dopo le ferie"]),
        ("2027-08-08 04:00", "2027-08-07 12:00", {"special": SpecialDays(closures=((date(2027, 8, 9), date(2027, 9, 4)),))}, ["08/08 04:00!"]),
        # requested for during a long closure: as without hours
        ("2027-08-12 01:00", "2027-08-11 09:00", {"special": SpecialDays(closures=((date(2027, 8, 9), date(2027, 9, 4)),))}, ["12/08 00:00"]),
        # a pharmacy that never closes has no holidays
        ("2026-12-25 09:30", "2026-12-24 17:30", {"week": Week((read_day("24 ore"),) * 7)}, ["25/12 08:30"]),
    ],
)  # fmt: skip
def test_a_reminder_leaves_when_somebody_can_read_it(ends, requested, how, says) -> None:
    assert planned(ends, requested, **how) == says


def test_the_hours_of_a_duty_by_night_are_its_own() -> None:
    special = SpecialDays(night_hours={date(2026, 11, 30): (22 * 60, 7 * 60)})
    night = Openings(SPLIT, frozenset([date(2026, 11, 30)]), special)
    assert not night.is_night_duty(rome("2026-11-30 21:59"))
    assert night.is_night_duty(rome("2026-11-30 22:00"))
    assert not night.is_night_duty(rome("2026-12-01 07:00"))


def test_the_night_before_christmas_does_not_begin_or_end_with_the_hours_of_a_closed_day() -> None:
    openings = Openings(SPLIT, frozenset([date(2026, 12, 24), date(2026, 12, 25)]), SpecialDays(holidays=HOLIDAYS))
    assert openings.is_night_duty(rome("2026-12-24 19:30"))
    assert not openings.is_night_duty(rome("2026-12-25 08:30"))
    assert not openings.is_night_duty(rome("2026-12-25 19:59"))
    assert openings.is_night_duty(rome("2026-12-25 20:00"))


def test_the_hour_after_midnight_belongs_to_the_evening_before() -> None:
    late = Week((read_day("0–1, 9–24"),) * 7)
    openings = Openings(late, special=SpecialDays(holidays={date(2026, 12, 25): "Natale"}))

    def is_open(at: str) -> bool:
        return any(stretch.has(rome(at)) for stretch in openings.stretches(rome(at), rome(at)))

    assert is_open("2026-12-25 00:30")
    assert not is_open("2026-12-25 10:00")
    assert not is_open("2026-12-26 00:30")
    assert is_open("2026-12-26 10:00")


def test_the_default_of_the_setting_is_the_default_of_the_rule() -> None:
    assert django_settings.REMINDER_REOPENING_LEAVES == LEAVES_AT_LEAST


# --- properties, for every minute of the year 2027, which has both clock changes

minutes_of_the_year = st.integers(0, 365 * 24 * 60 - 1)
clock_changes = st.sampled_from([date(2027, 3, 28), date(2027, 10, 31)]).flatmap(
    lambda day: st.integers(-2880, 2880).map(lambda minute: (day - date(2027, 1, 1)).days * 1440 + minute)
)
ends_at = st.one_of(minutes_of_the_year, clock_changes).map(
    lambda minute: datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
lives = st.integers(1, 48 * 60).map(lambda minutes: timedelta(minutes=minutes))
leads = st.integers(1, 240)
days = st.lists(st.integers(0, 96), unique=True, max_size=6).map(
    lambda at: tuple(zip(sorted(at)[::2], sorted(at)[1::2]))
).map(lambda spans: tuple((opens * 15, closes * 15) for opens, closes in spans))  # fmt: skip
weeks = st.lists(days, min_size=7, max_size=7).filter(any).map(lambda seven: Week(tuple(seven)))


@st.composite
def calendars(draw, ends: datetime) -> Openings:
    """A week, holidays, a closure, duties and nights around the end."""
    today = ends.astimezone(ROME).date()
    near = st.integers(-3, 4).map(lambda number: today + timedelta(days=number))
    first = draw(near)
    closures = ((first, first + timedelta(days=draw(st.integers(0, 25)))),) if draw(st.booleans()) else ()
    special = SpecialDays(
        holidays=HOLIDAYS | {draw(near): "festa"}, open_on=frozenset(draw(st.sets(near, max_size=2))), closures=closures,
        duties=draw(st.dictionaries(near, days, max_size=2)),
    )  # fmt: skip
    return Openings(draw(st.just(SPLIT) | weeks), frozenset(draw(st.sets(near, max_size=2))), special)


hard = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])


@hard
@given(st.data(), ends_at, lives, st.lists(leads, unique=True, min_size=1, max_size=4), st.booleans())
def test_at_every_minute_no_letter_is_before_the_request_after_the_end_or_at_a_closed_door(
    data, ends, life, minutes, at_opening
) -> None:
    openings, requested = data.draw(calendars(ends)), ends - life
    found = moments(ends, minutes, requested, openings, at_opening=at_opening)
    stretches = openings.stretches(requested, ends + timedelta(days=15))
    is_shut = not any(stretch.end > requested for stretch in stretches)
    assert found  # something is always said
    assert len({moment.at for moment in found}) == len(found)
    for moment in found:
        assert requested <= moment.at
        assert moment.at < ends if moment.minutes_before else moment.at >= ends
        is_open = any(stretch.has(moment.at) for stretch in stretches)
        no_opening = not moment.minutes_before and not any(stretch.end > ends for stretch in stretches)
        assert is_open or is_shut or no_opening
    if is_shut:  # the documented fallback: as without hours
        assert found == moments(ends, minutes, requested)


@hard
@given(st.data(), ends_at, leads)
def test_at_every_minute_the_rule_has_its_three_cases(data, ends, lead) -> None:
    openings, requested = data.draw(calendars(ends)), ends - timedelta(days=30)
    stretches = openings.stretches(requested, ends)
    found = moments(ends, [lead], requested, openings, warned=True)
    at = plain(ends, lead)
    reopening = next((stretch.start for stretch in stretches if at < stretch.start <= ends - LEAVES_AT_LEAST), None)
    closed = [stretch for stretch in stretches if stretch.end <= at]
    if any(stretch.has(at) for stretch in stretches):
        assert found == [Moment(lead, at)]
    elif reopening:
        assert found == [Moment(lead, reopening)]
    elif closed:
        assert found == [Moment(lead, max(closed[-1].end - timedelta(minutes=lead), closed[-1].start))]


@hard
@given(st.data(), ends_at, leads, leads)
def test_at_every_minute_a_longer_lead_is_never_later_within_one_case(data, ends, one, other) -> None:
    """Across the cases it is not true: 45 minutes may fall before a closing at 19:30, 30 minutes after it, so before 19:00."""
    assume(one != other)
    openings, requested = data.draw(calendars(ends)), ends - timedelta(days=30)

    def at(lead: int) -> tuple[datetime | None, bool]:
        found = moments(ends, [lead], requested, openings, warned=True)
        return (found[0].at, found[0].at < plain(ends, lead)) if found else (None, False)

    (longer, before_closing), (shorter, before_closing_too) = at(max(one, other)), at(min(one, other))
    if longer and shorter and before_closing == before_closing_too:
        assert longer <= shorter


@hard
@given(ends_at, lives, leads)
def test_at_every_minute_a_pharmacy_without_hours_has_the_plain_rule(ends, life, lead) -> None:
    (found,) = moments(ends, [lead], ends - life)
    if plain(ends, lead) > ends - life:
        assert found == Moment(lead, plain(ends, lead))
    assert ends - life <= found.at < ends
