"""From opening hours to the instant of a letter: never before the id, never after its end, always while the pharmacy is open."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal.time.clock import ROME
from sessions.hours.moments import Moment, moments, reason
from sessions.hours.openings import Openings, Stretch, instant
from sessions.hours.week import Week, read_day

H = timedelta(hours=1)
SPLIT = Week((read_day("9–13, 15:30–19:30"),) * 5 + (read_day("9–13"), ()))


def rome(text: str) -> datetime:
    """`2026-11-23 08:58`, Italian time (the first of an ambiguous hour), as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


def said(issued: str, *, minutes=(60,), hours=16, week=SPLIT, nights=(), **how) -> list[str]:
    """The Italian times at which letters leave about an id issued then; `!` marks the notice of expiry."""
    start = rome(issued)
    openings = Openings(week, frozenset(date.fromisoformat(night) for night in nights))
    return [
        f"{moment.at.astimezone(ROME):%a %H:%M}{'' if moment.minutes_before else '!'}"
        for moment in moments(start + hours * H, minutes, start, openings, **how)
    ]


def test_an_id_that_dies_at_night_is_spoken_of_before_the_closing() -> None:
    assert said("2026-11-23 08:58") == ["Mon 18:30"]
    assert said("2026-11-23 08:58", minutes=(120, 30)) == ["Mon 17:30", "Mon 19:00"]


def test_or_at_the_next_opening_as_expired() -> None:
    assert said("2026-11-23 08:58", at_opening=True) == ["Tue 09:00!"]


def test_on_a_night_on_duty_it_is_spoken_of_at_its_time() -> None:
    assert said("2026-11-23 08:58", nights=["2026-11-23"]) == ["Mon 23:58"]
    assert said("2026-11-23 08:58", nights=["2026-11-23"], at_opening=True) == ["Mon 23:58"]


def test_the_night_of_yesterday_lasts_until_this_morning() -> None:
    assert said("2026-11-23 16:30", nights=["2026-11-23"]) == ["Tue 07:30"]


@pytest.mark.parametrize(
    ("next_day", "ends"),
    [
        ("0–1, 9–13", "09:00"),  # open past midnight, as pharmacists write it: the last hour belongs to the next date
        ("0:30–2, 8–20", "08:00"),
        ("0–3", "08:30"),
        ("0–3, 15:30–19:30", "08:30"),
        ("5:30–13", "05:30"),
        ("chiuso", "08:30"),
    ],
)
def test_a_night_on_duty_lasts_until_the_morning_whatever_is_open_after_midnight(next_day, ends) -> None:
    week = Week((read_day("9–13, 15:30–24"), read_day(next_day), *((),) * 5))
    night = Openings(week, frozenset([date(2026, 11, 23)]))
    evening = night.stretches(rome("2026-11-23 12:00"), rome("2026-11-24 12:00"))
    assert any(stretch.has(rome("2026-11-23 23:59")) and stretch.has(rome("2026-11-24 05:00")) for stretch in evening)
    assert night.is_night_duty(rome(f"2026-11-24 {ends}") - timedelta(minutes=1))
    assert not night.is_night_duty(rome(f"2026-11-24 {ends}"))


def test_an_id_that_dies_at_four_on_a_night_on_duty_is_spoken_of_in_the_night() -> None:
    late = Week((read_day("0–1, 9–24"),) * 7)
    assert said("2026-11-23 12:00", week=late, nights=["2026-11-23"]) == ["Tue 03:00"]


def test_an_id_that_dies_while_it_is_open_has_the_plain_time() -> None:
    assert said("2026-11-23 20:00") == ["Tue 11:00"]


def test_a_plain_time_that_falls_in_the_lunch_break_moves_before_or_after_it() -> None:
    assert said("2026-11-23 23:45") == ["Tue 12:00"]
    assert said("2026-11-23 23:45", at_opening=True) == ["Tue 15:30"]


def test_just_after_the_opening_the_evening_before_is_the_time_to_read() -> None:
    assert said("2026-11-23 17:15") == ["Mon 18:30"]
    assert said("2026-11-23 17:15", at_opening=True) == ["Tue 09:00"]


def test_an_id_asked_for_too_late_for_the_closing_is_spoken_of_at_the_opening() -> None:
    assert said("2026-11-23 19:00", hours=10) == ["Tue 09:00!"]


def test_that_is_not_said_to_who_was_told_already() -> None:
    assert said("2026-11-23 19:00", hours=10, warned=True) == []


def test_saturday_evening_waits_for_monday() -> None:
    assert said("2026-11-28 12:45") == ["Mon 09:00!"]


def test_the_notice_that_it_has_expired_waits_for_the_opening() -> None:
    assert said("2026-11-23 08:58", minutes=(60, 0)) == ["Mon 18:30", "Tue 09:00!"]
    assert said("2026-11-23 20:00", minutes=(0,)) == ["Tue 12:00!"]


def test_who_never_closes_has_the_plain_rule() -> None:
    always = Week((read_day("24 ore"),) * 7)
    assert said("2026-11-23 08:58", week=always, minutes=(60, 0)) == ["Mon 23:58", "Tue 00:58!"]


def test_open_past_midnight_is_one_stretch() -> None:
    late = Week((read_day("0–1, 9–24"),) * 7)
    assert said("2026-11-23 09:15", week=late) == ["Tue 00:15"]  # ends at 01:15, after the closing at one
    assert said("2026-11-23 10:15", week=late) == ["Tue 00:00"]  # ends at 02:15: an hour before the closing


def test_the_night_of_the_spring_change_is_an_hour_short() -> None:
    night = Week((read_day("24 ore"),) * 7)
    assert said("2026-03-28 12:00", week=night) == ["Sun 04:00"]  # 16 real hours end at 05:00
    assert instant(date(2026, 3, 29), 150, closing=False) == rome("2026-03-29 03:00")  # 02:30 is skipped


def test_the_hour_shown_twice_in_autumn_is_open_all_along() -> None:
    early = Week((read_day("2:30–8"),) * 7)
    opening = Openings(early).stretches(rome("2026-10-25 00:00"), rome("2026-10-25 12:00"))[1]
    assert opening == Stretch(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 7, 0, tzinfo=UTC))


def test_the_leap_day_has_its_hours() -> None:
    assert said("2028-02-29 08:58") == ["Tue 18:30"]


def test_a_pharmacy_without_hours_has_the_plain_rule() -> None:
    start = rome("2026-11-23 08:58")
    assert moments(start + 16 * H, [60, 0], start) == [Moment(60, start + 15 * H), Moment(0, start + 16 * H)]


def test_a_lead_that_does_not_fit_into_what_is_left_is_said_in_its_middle() -> None:
    """Every id gets its reminder, also an id of one hour and a preference saved late."""
    start = rome("2026-11-23 10:00")
    assert moments(start + H, [60], start) == [Moment(60, start + H / 2)]
    assert moments(start + 1.5 * H, [120], start) == [Moment(120, start + 0.75 * H)]
    assert moments(start + 1.5 * H, [120, 90, 0], start) == [Moment(90, start + 0.75 * H), Moment(0, start + 1.5 * H)]
    assert moments(start + 1.5 * H, [120, 30], start) == [Moment(30, start + H)]
    assert moments(start + 4 * H, [1440], start) == [Moment(1440, start + 3 * H)]


def test_with_little_left_it_is_said_at_once() -> None:
    start = rome("2026-11-23 10:00")
    assert moments(start + H / 10, [60], start) == [Moment(60, start)]


def test_what_was_said_already_is_not_said_sooner() -> None:
    start = rome("2026-11-23 10:00")
    assert moments(start + H / 2, [60], start, warned=True) == []
    assert moments(start, [60], start) == []
    assert moments(start + H / 2, [], start) == []


def test_with_hours_too_a_short_id_is_spoken_of_while_the_pharmacy_is_open() -> None:
    assert said("2026-11-23 10:00", hours=1) == ["Mon 10:30"]
    assert said("2026-11-23 15:00", hours=1) == ["Mon 15:30"]  # opens half an hour before the end


def test_the_page_says_why_it_comes_sooner() -> None:
    ends = rome("2026-11-23 11:00")
    assert reason(Moment(60, rome("2026-11-23 10:30")), ends, None) == "perché manca meno dell’anticipo scelto"
    assert reason(Moment(60, rome("2026-11-23 10:00")), ends, None) == ""


@pytest.mark.parametrize(
    ("minutes", "at", "nights", "words"),
    [
        (60, "2026-11-23 18:30", [], "prima della chiusura"),
        (0, "2026-11-24 09:00", [], "all’apertura"),
        (60, "2026-11-23 23:58", ["2026-11-23"], "durante il turno di notte"),
        (60, "2026-11-23 23:58", [], ""),
    ],
)
def test_the_reason_is_said_in_words(minutes, at, nights, words) -> None:
    openings = Openings(SPLIT, frozenset(map(date.fromisoformat, nights)))
    assert reason(Moment(minutes, rome(at)), rome("2026-11-24 00:58"), openings) == words


# --- properties

quarters = st.integers(0, 96).map(lambda quarter: quarter * 15)
days = st.lists(quarters, unique=True, max_size=6).map(sorted).map(lambda at: tuple(zip(at[::2], at[1::2])))
weeks = st.lists(days, min_size=7, max_size=7).filter(any).map(lambda seven: Week(tuple(seven)))
around = st.sampled_from(
    [
        datetime(2026, 3, 28, 6, tzinfo=UTC),
        datetime(2026, 10, 24, 6, tzinfo=UTC),
        datetime(2028, 2, 28, 6, tzinfo=UTC),
        datetime(2026, 12, 31, 6, tzinfo=UTC),
    ]
)
starts = st.builds(lambda day, minutes: day + timedelta(minutes=minutes), around, st.integers(0, 2880))
lives = st.integers(1, 36).map(lambda hours: hours * H)
wanted = st.lists(st.sampled_from([120, 90, 60, 30, 15, 0]), unique=True, min_size=1)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(starts, lives, weeks, st.sets(st.integers(-1, 3)), wanted, st.booleans())
def test_whatever_the_hours_nothing_leaves_too_early_too_late_or_to_a_closed_door(
    issued, life, week, nights, minutes, at_opening
) -> None:
    ends, today = issued + life, issued.astimezone(ROME).date()
    openings = Openings(week, frozenset(today + timedelta(days=night) for night in nights))
    found = moments(ends, minutes, issued, openings, at_opening=at_opening)
    assert len({moment.minutes_before for moment in found}) == len(found)
    stretches = openings.stretches(issued, ends + timedelta(days=15))
    assert all(before.end < after.start for before, after in itertools.pairwise(stretches))
    for moment in found:
        assert moment.at > issued
        assert moment.at < ends if moment.minutes_before else moment.at >= ends
        assert any(stretch.has(moment.at) for stretch in stretches)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(starts, st.integers(1, 48 * 60), st.none() | weeks, wanted, st.booleans())
@example(datetime(2026, 10, 24, 6, tzinfo=UTC), 2490, Week((((30, 45),), *[()] * 6)), [120], False)
def test_whatever_the_lead_something_is_said_before_the_end_or_at_the_first_opening_after_it(
    issued, minutes_left, week, minutes, at_opening
) -> None:
    ends = issued + timedelta(minutes=minutes_left)
    found = moments(ends, minutes, issued, Openings(week) if week else None, at_opening=at_opening)
    before = [moment for moment in found if issued <= moment.at < ends]
    if any(minutes) and not before:
        assert week is not None
        assert [moment.minutes_before for moment in found] == [0]
        opening = next(stretch for stretch in Openings(week).stretches(issued, found[0].at) if stretch.has(found[0].at))
        assert opening.start == found[0].at >= ends or not any(  # an id may end at the very instant of the opening
            stretch.has(ends) for stretch in Openings(week).stretches(issued, ends)
        )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(starts, weeks, st.integers(0, 2879))
def test_a_wall_that_says_a_time_of_the_hours_is_an_open_door(start, week, minute) -> None:
    """The inverse check: from the instant to local time, without our arithmetic."""
    at = start + timedelta(minutes=minute)
    wall = at.astimezone(ROME)
    since_midnight = wall.hour * 60 + wall.minute
    if any(opens <= since_midnight < closes for opens, closes in week.days[wall.weekday()]):
        assert any(stretch.has(at) for stretch in Openings(week).stretches(start, start + 48 * H))
    elif wall.hour not in (2, 3):  # closed outside the hours, except around clock changes
        assert not any(stretch.has(at) for stretch in Openings(week).stretches(start, start + 48 * H))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(starts, weeks)
def test_a_midnight_between_two_open_days_is_no_closing(start, week) -> None:
    midnight = datetime.combine(start.date() + timedelta(days=1), time(), ROME).astimezone(UTC)
    evening, morning = week.days[start.date().weekday()], week.days[(start.date().weekday() + 1) % 7]
    if evening and morning and evening[-1][1] == 1440 and morning[0][0] == 0:
        stretches = Openings(week).stretches(start, start + 24 * H)
        assert any(stretch.start < midnight < stretch.end for stretch in stretches)
