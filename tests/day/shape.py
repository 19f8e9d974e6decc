"""Plans the acts of a day of Italy and the speed of its clock. Pure: the same seed gives the same day.

Sources: 27,000 requests on a working day of 20,000 pharmacies, clustered at opening; an id lives 16 hours.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from random import Random

from portal.time.clock import ROME

DAY = date(2026, 11, 24)  # a Tuesday
BEGINS = datetime.combine(DAY, time(7, 0), ROME).astimezone(UTC)
LASTS = 24 * 3600  # seconds of the day
HOUR, MINUTE = 3600, 60
BIN = 5 * MINUTE
AN_ID = 16 * HOUR
LEAD = 60 * MINUTE  # from the reminder to the end of the id, or to the closing of the shop
AN_HOUR = 6.0  # real seconds that an hour with planned acts lasts at least
AN_HOUR_BROKEN = 24.0  # the same on a day with a saboteur, whose breakages last 2 real seconds
EMPTY = 2_000  # seconds of the day per real second where nothing happens
# opening hours as a pharmacist types them, and their shares in per cent
WEEKS: tuple[tuple[str, int], ...] = (
    ("8:30-12:30, 15:30-19:30", 30), ("9-13, 16-20", 15), ("8-20", 15), ("24 ore", 2), ("", 38),
)  # fmt: skip


@dataclass(frozen=True)
class PlannedAct:
    """One act of one pharmacy: `ask`, `use`, `revoke`, `certify`; `at`: seconds since the beginning of the day."""

    at: float
    pharmacy: int
    verb: str


@dataclass(frozen=True)
class Habit:
    """One pharmacy: its opening hours ("": not entered), whether it is on duty tonight, whether its mailbox refuses mail."""

    hours: str
    night: bool
    refuses: bool


def habits(count: int, seed: int) -> list[Habit]:
    """Draws the habits: 2 % of the mailboxes refuse, 2 % of the pharmacies with hours are on duty tonight."""
    chance = Random(seed)
    words, weights = [words for words, _ in WEEKS], [weight for _, weight in WEEKS]
    made = []
    for _ in range(count):
        hours = chance.choices(words, weights)[0]
        made.append(Habit(hours, bool(hours) and chance.random() < 0.02, chance.random() < 0.02))
    return made


def acts(habits: list[Habit], seed: int) -> list[PlannedAct]:
    """Plans the acts by time: requests at opening, second requests, uses, renewals, revocations, nights, new addresses."""
    chance = Random(seed + 1)
    made = [act for number, habit in enumerate(habits) for act in _of(number, habit, chance)]
    return sorted(made, key=lambda act: act.at)


def _of(number: int, habit: Habit, chance: Random) -> Iterable[PlannedAct]:
    opening = _clock(8, 0) if habit.hours.startswith("8-") else _clock(8, 30)
    at = min(max(chance.gauss(opening, 25 * MINUTE), MINUTE), LASTS - HOUR)
    yield PlannedAct(at, number, "ask")
    if chance.random() < 0.03:  # the pharmacist does not find the letter and requests another id
        at += chance.uniform(1, 10) * MINUTE
        yield PlannedAct(at, number, "ask")
    yield PlannedAct(at + chance.uniform(1, 15) * MINUTE, number, "use")
    if chance.random() < 0.01:
        yield PlannedAct(chance.uniform(_clock(10, 0), _clock(12, 0)), number, "revoke")
    if chance.random() < 0.02:  # a change of address
        yield PlannedAct(chance.uniform(_clock(8, 0), _clock(18, 0)), number, "certify")
    if chance.random() < 0.30:  # renewed before its end, most often at the afternoon opening
        again = max(chance.gauss(_clock(15, 45), 30 * MINUTE), at + HOUR)
        yield PlannedAct(again, number, "ask")
        yield PlannedAct(again + chance.uniform(1, 15) * MINUTE, number, "use")
    if habit.night:
        again = _clock(20, 0) + chance.uniform(0, 30) * MINUTE
        yield PlannedAct(again, number, "ask")
        yield PlannedAct(again + chance.uniform(1, 15) * MINUTE, number, "use")


def _clock(hour: int, minute: int) -> float:
    """Returns the seconds from the beginning of the day to this Italian time."""
    return (datetime.combine(DAY, time(hour, minute), ROME) - BEGINS).total_seconds()


def points(
    planned: list[PlannedAct], habits: list[Habit], rate: float, an_hour: float = AN_HOUR
) -> list[tuple[float, float]]:
    """Returns the clock's points: (real second, second of the day).

    About `rate` letters at most come due per real second, and an hour with planned acts lasts at least `an_hour` real seconds.
    """
    work: Counter[int] = Counter()
    for act in planned:
        if act.verb == "ask":
            work[int(act.at // BIN)] += 1
            due = _reminder_due(act.at, habits[act.pharmacy])
            work[int(due // BIN)] += 1
            for number in range(int(due // BIN), int((act.at + AN_ID) // BIN) + 1):
                work[number] += 0  # no EMPTY speed until the id ends, so that a late reminder still comes in time
        else:
            work[int(act.at // BIN)] += act.verb == "certify"
    real, found = 0.0, [(0.0, 0.0)]
    for number in range(LASTS // BIN):
        quickest = BIN / (HOUR / an_hour if number in work else EMPTY)
        real += max(quickest, work[number] / rate)
        found.append((real, float((number + 1) * BIN)))
    return found


def _reminder_due(requested: float, habit: Habit) -> float:
    """Returns about when the reminder comes due: an hour before the end of the id, or before the evening closing."""
    plain = requested + AN_ID - LEAD
    closing = {"8:30-12:30, 15:30-19:30": _clock(19, 30), "9-13, 16-20": _clock(20, 0), "8-20": _clock(20, 0)}
    if habit.hours not in closing or habit.night or requested > _clock(14, 0):
        return plain
    return min(plain, closing[habit.hours] - LEAD)
