"""The simulated day: its shape, its clock, its verdict. .ci/run runs the day itself."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.day import report, shape
from tests.day.clock import Clock
from tests.day.refusing_relay import KIND

SPREAD = {"p50": 0.1, "p99": 0.9, "max": 1.2}
WELL = {
    "lost": 0, "reminders_after_expiry": 0, "after_their_sense": 0, "unknown": 0, "doubled": 2, "doubled_unheard": 2,
    "sabotage": [], "to_break": [], "limit": 5, "id_seconds": SPREAD, "code_seconds": SPREAD, "codes": 1,
    "planned": {"ask": 3, "certify": 1, "use": 3}, "reminder_seconds": SPREAD, "request_seconds": SPREAD, "begins_late": SPREAD,
    "pharmacies": 2, "promised": 3, "not_promised": 0, "real_seconds": 60, "peak": 10.0, "rate": 11.0, "suspects": [], "letters": 6, "arrived": 6,
    "by_kind": {"issued": 3, "reminder": 3}, "refused": 0, "withdrawn": 0, "given_up": 0, "reminders": 3, "reminders_late": 0,
    "reminders_skipped": {}, "load": "0.1, 0.2 on 2 cores", "title": "A trial.", "samples": [(shape.BEGINS.timestamp(), 1, 0)],
    "pictures": {"ids": [[shape.BEGINS.timestamp() + 60, 0.1], [shape.BEGINS.timestamp() + 70, 0.2]], "ahead": [60.0, 5.0]},
}  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    """Ten seconds for the first hour, one for the second."""
    return Clock(1000.0, shape.BEGINS, ((0.0, 0.0), (10.0, 3600.0), (11.0, 7200.0)))


def test_the_same_seed_is_the_same_day_and_another_is_another():
    who = shape.habits(50, 1)
    assert who == shape.habits(50, 1) != shape.habits(50, 2)
    assert shape.acts(who, 1) == shape.acts(who, 1) != shape.acts(who, 2)


def test_a_pharmacy_uses_an_id_only_after_it_has_asked_for_one():
    first: dict[int, str] = {}
    for act in shape.acts(shape.habits(300, 3), 3):
        if act.verb != "certify":
            first.setdefault(act.pharmacy, act.verb)
    assert set(first.values()) == {"ask"}


def test_no_more_is_asked_in_a_real_second_than_the_rate():
    who = shape.habits(2000, 4)
    acts = shape.acts(who, 4)
    clock = Clock(0.0, shape.BEGINS, tuple(shape.points(acts, who, 25)))
    requests = Counter(
        int(clock.real_at(shape.BEGINS + timedelta(seconds=act.at))) // 5 for act in acts if act.verb == "ask"
    )
    assert max(requests.values()) / 5 <= 25 * 1.2  # acts within five minutes of the day are not spread out


@pytest.mark.parametrize("real", [990.0, 1000.0, 1004.5, 1010.0, 1010.7, 1011.0, 1020.0])
def test_the_clock_goes_both_ways(clock, real):
    assert clock.real_at(clock.day_at(real)) == pytest.approx(real, abs=1e-3)


def test_the_clock_goes_as_fast_as_it_was_told(clock):
    assert clock.day_at(1005.0) - clock.day_at(1004.0) == timedelta(minutes=6)
    assert clock.day_at(1010.75) - clock.day_at(1010.25) == timedelta(minutes=30)


def test_a_day_on_which_nothing_was_lost_has_shown_all_it_had_to(tmp_path):
    assert {well for _, _, well in report.verdicts(WELL)} == {True}
    page = report.write(WELL, tmp_path).read_text(encoding="utf-8")
    assert "**missed**" not in page
    assert {path.name for path in tmp_path.iterdir()} == {"day.md", "day.json", "depth.svg", "delay.svg", "ahead.svg"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost": 1}, {"reminders_after_expiry": 1}, {"after_their_sense": 1}, {"unknown": 1}, {"doubled": 3}, {"reminders_skipped": {"too late": 1}},
        {"id_seconds": {"p50": 1.0, "p99": 5.1, "max": 9.0}}, {"code_seconds": {"p50": 1.0, "p99": 5.1, "max": 9.0}},
    ],
)  # fmt: skip
def test_whatever_goes_wrong_is_missed(wrong):
    assert [well for _, _, well in report.verdicts(WELL | wrong)].count(False) == 1


@pytest.mark.parametrize(
    "empty",
    [
        {"promised": 0}, {"promised": 2}, {"codes": 0}, {"reminders": 0}, {"id_seconds": {}}, {"code_seconds": {}},
        {"peak": 9.8}, {"to_break": ["Redis killed", "worker killed"]},
        {"to_break": ["Redis killed", "worker killed"], "sabotage": [(1.0, "Redis killed"), (9.0, "Redis killed")]},
    ],
)  # fmt: skip
def test_what_did_not_happen_has_not_gone_well(empty):
    assert [well for _, _, well in report.verdicts(WELL | empty)].count(False) == 1


def test_the_pictures_write_their_figures_as_people_do(tmp_path):
    many = {**WELL["pictures"], "ahead": [400.0] * 9_000}
    report.write(WELL | {"pictures": many}, tmp_path)
    picture = (tmp_path / "ahead.svg").read_text(encoding="utf-8")
    assert ">10,000<" in picture
    assert ">2,500<" in picture
    assert ">360+<" in picture
    assert ">0.25<" in (tmp_path / "depth.svg").read_text(encoding="utf-8")


def test_what_has_to_be_explained_is_told_one_by_one(tmp_path):
    page = report.write(
        WELL | {"lost": 1, "suspects": ["issued <x@y>: 1 attempts, arrived never"]}, tmp_path
    ).read_text(encoding="utf-8")
    assert "- issued <x@y>: 1 attempts, arrived never" in page


def test_the_day_of_the_gate_asks_for_codes():
    assert "certify" in {act.verb for act in shape.acts(shape.habits(200, 2026), 2026)}


def test_beside_a_saboteur_the_seconds_are_not_judged():
    broken = {"to_break": ["Redis killed"], "sabotage": [(1.0, "Redis killed")]}
    slow = {"id_seconds": {"p50": 1.0, "p99": 50.1, "max": 90.0}, **broken}
    assert {well for _, _, well in report.verdicts(WELL | slow)} == {True}


def test_a_day_on_which_the_relay_refuses_us_marks_no_address():
    refused = {"to_break": [KIND], "sabotage": [(1.0, KIND)], "about_us": 40, "marked": 0}
    assert {well for _, _, well in report.verdicts(WELL | refused)} == {True}
    for wrong in ({"marked": 1}, {"about_us": 0}, {"lost": 1}, {"sabotage": []}):
        assert [well for _, _, well in report.verdicts(WELL | refused | wrong)].count(False) == 1
