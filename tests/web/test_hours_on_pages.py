"""An hour in a letter or a subject says its day when the day is another one."""

from datetime import UTC, datetime, timedelta

from portal.time.clock import hour_seen_from, moment_beside

MIDNIGHT = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)  # 00:00 of Monday 30 November in Italy


def test_a_moment_beside_another_of_its_day_has_no_date():
    assert moment_beside(MIDNIGHT, MIDNIGHT + timedelta(hours=16)) == "00:00"
    assert moment_beside(MIDNIGHT - timedelta(minutes=1), MIDNIGHT) == "23:59 di domenica 29 novembre 2026"


def test_an_hour_in_a_subject_names_the_day_of_the_week_unless_it_is_today():
    assert hour_seen_from(MIDNIGHT + timedelta(hours=9), MIDNIGHT) == "09:00"
    assert hour_seen_from(MIDNIGHT, MIDNIGHT - timedelta(seconds=1)) == "00:00 di lunedì"
