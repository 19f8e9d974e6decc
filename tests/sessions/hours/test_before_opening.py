"""When the portal asks for ids before an opening: over a year with both clock changes, for any hours, closures and duties."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.time.clock import ROME
from sessions.hours.before_opening import LOOKS_AGAIN_AFTER, SPREAD, NextTurn, next_turn, sooner
from sessions.hours.openings import Openings
from sessions.hours.special_days import SpecialDays
from sessions.hours.week import Week

DAY = timedelta(days=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SPLIT = ((510, 750), (930, 1170))  # 8:30–12:30, 15:30–19:30
DAYS = st.sampled_from([(), SPLIT, ((510, 1200),), ((0, 180), (540, 1440)), ((120, 240),), ((150, 600),)])
MINUTES = st.sampled_from([15, 30, 45, 60])
dates = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@st.composite
def calendars(draw):
    closures = tuple(
        (first, first + timedelta(days=draw(st.integers(0, 20)))) for first in draw(st.lists(dates, max_size=2))
    )
    duties = dict.fromkeys(draw(st.lists(dates, max_size=3)), ((600, 900),))
    holidays = dict.fromkeys(draw(st.lists(dates, max_size=4)), "Festa")
    special = SpecialDays(holidays=holidays, closures=closures, duties=duties)
    return Openings(Week(tuple(draw(DAYS) for _ in range(7))), frozenset(draw(st.lists(dates, max_size=3))), special)


def turns(openings: Openings, minutes: int, pharmacy: int, since: datetime, until: datetime) -> list[NextTurn]:
    """Every turn of a stretch of time, as the worker takes them: the next is planned after the opening of the one before."""
    found, after = [], since
    while after < until:
        turn = next_turn(openings, minutes, pharmacy, after)
        found.append(turn)
        after = turn.opening_at or turn.due_at
    return [turn for turn in found if turn.opening_at is not None and turn.opening_at < until]


@settings(deadline=None, max_examples=40)
@given(calendars(), MINUTES, st.integers(1, 10**6), st.integers(0, 330))
def test_each_opening_has_one_turn_at_its_time(openings, minutes, pharmacy, day) -> None:
    since, until = YEAR + day * DAY, YEAR + (day + 35) * DAY
    expected = [stretch.start for stretch in openings.stretches(since, until) if since < stretch.start < until]
    found = turns(openings, minutes, pharmacy, since, until)
    assert [turn.opening_at for turn in found] == expected
    for turn in found:
        early = turn.opening_at - turn.due_at
        assert timedelta(minutes=minutes) <= early < timedelta(minutes=minutes) + SPREAD
        assert not any(
            first <= turn.opening_at.astimezone(ROME).date() <= last for first, last in openings.special.closures
        ) or (openings.is_day_duty(turn.opening_at) or openings.is_night_duty(turn.opening_at))


def test_a_whole_year_with_both_clock_changes() -> None:
    """6 days a week, two openings a day: at 8:30 and 15:30 on the wall clock in every season."""
    openings = Openings(Week((SPLIT,) * 6 + ((),)))
    found = turns(openings, 30, 7, YEAR, YEAR + 365 * DAY)
    assert len(found) == 2 * sum((YEAR + n * DAY).weekday() != 6 for n in range(365))
    assert {f"{turn.opening_at.astimezone(ROME):%H:%M}" for turn in found} == {"08:30", "15:30"}
    assert {turn.opening_at - turn.due_at for turn in found} == {timedelta(minutes=30) + sooner(7)}


def test_an_opening_in_the_hour_that_the_clock_skips_or_repeats() -> None:
    openings = Openings(Week((((150, 600),),) * 7))  # from 2:30
    for day, opening in ((date(2026, 3, 29), "01:00"), (date(2026, 10, 25), "00:30")):
        turn = next_turn(openings, 15, 1, datetime(day.year, day.month, day.day, tzinfo=UTC))
        assert f"{turn.opening_at:%H:%M}" == opening
        assert turn.opening_at - turn.due_at == timedelta(minutes=15) + sooner(1)


def test_a_pharmacy_that_never_closes_has_no_turn() -> None:
    openings = Openings(Week((((0, 1440),),) * 7))
    assert next_turn(openings, 15, 1, YEAR) == NextTurn(YEAR + LOOKS_AGAIN_AFTER, None)


def test_a_choice_made_shortly_before_the_opening_is_due_at_once() -> None:
    openings = Openings(Week((SPLIT,) * 7))
    now = datetime(2026, 11, 23, 7, 25, tzinfo=UTC)  # 8:25
    turn = next_turn(openings, 30, 1, now)
    assert (turn.opening_at, turn.due_at < now) == (now + timedelta(minutes=5), True)


def test_twenty_thousand_pharmacies_spread() -> None:
    each_minute = [0] * 10
    for pharmacy in range(20_000):
        each_minute[int(sooner(pharmacy) / timedelta(minutes=1))] += 1
    assert max(each_minute) < 2_300
    assert min(each_minute) > 1_700
