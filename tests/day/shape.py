"""What happens in a day of Italy, and how fast its clock may go. Pure: the same seed is the same day.

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
LEAD = 60 * MINUTE  # the reminder, before the end of the id or before the closing
AN_HOUR = 6.0  # real seconds that it lasts at least, when anything happens in it
AN_HOUR_BROKEN = 24.0  # the same beside a saboteur, who breaks things for 2 at a time
EMPTY = 2_000  # seconds of the day in a real second where nothing happens
WEEKS: tuple[tuple[str, int], ...] = (  # as a pharmacist writes them; how many of a hundred
    ("8:30-12:30, 15:30-19:30", 30), ("9-13, 16-20", 15), ("8-20", 15), ("24 ore", 2), ("", 38),
)  # fmt: skip


@dataclass(frozen=True)
class PlannedAct:
    """One thing that one pharmacy does: `ask`, `use`, `revoke`, `certify`; `at` in seconds from the beginning."""

    at: float
    pharmacy: int
    verb: str


@dataclass(frozen=True)
class Habit:
    """What a pharmacy told about itself: its hours ("": nothing), the night on duty."""

    hours: str
    night: bool
    refuses: bool  # its mailbox


def habits(count: int, seed: int) -> list[Habit]:
    """2 % of the mailboxes refuse, 2 % of the pharmacies that told their hours are on duty tonight."""
    chance = Random(seed)
    words, weights = [words for words, _ in WEEKS], [weight for _, weight in WEEKS]
    made = []
    for _ in range(count):
        hours = chance.choices(words, weights)[0]
        made.append(Habit(hours, bool(hours) and chance.random() < 0.02, chance.random() < 0.02))
    return made


def acts(who: list[Habit], seed: int) -> list[PlannedAct]:
    """In their order: opening, first use, a second request, renewals in the afternoon, revocations, the night, new addresses."""
    chance = Random(seed + 1)
    made = [act for number, habit in enumerate(who) for act in _of(number, habit, chance)]
    return sorted(made, key=lambda act: act.at)


def _of(number: int, habit: Habit, chance: Random) -> Iterable[PlannedAct]:
    opening = _clock(8, 0) if habit.hours.startswith("8-") else _clock(8, 30)
    at = min(max(chance.gauss(opening, 25 * MINUTE), MINUTE), LASTS - HOUR)
    yield PlannedAct(at, number, "ask")
    if chance.random() < 0.03:  # the letter is slow to be found, they ask again
        at += chance.uniform(1, 10) * MINUTE
        yield PlannedAct(at, number, "ask")
    yield PlannedAct(at + chance.uniform(1, 15) * MINUTE, number, "use")
    if chance.random() < 0.01:
        yield PlannedAct(chance.uniform(_clock(10, 0), _clock(12, 0)), number, "revoke")
    if chance.random() < 0.02:  # a code for another address
        yield PlannedAct(chance.uniform(_clock(8, 0), _clock(18, 0)), number, "certify")
    if chance.random() < 0.30:  # renewed before it ends, the reopening first of all
        again = max(chance.gauss(_clock(15, 45), 30 * MINUTE), at + HOUR)
        yield PlannedAct(again, number, "ask")
        yield PlannedAct(again + chance.uniform(1, 15) * MINUTE, number, "use")
    if habit.night:
        again = _clock(20, 0) + chance.uniform(0, 30) * MINUTE
        yield PlannedAct(again, number, "ask")
        yield PlannedAct(again + chance.uniform(1, 15) * MINUTE, number, "use")


def _clock(hour: int, minute: int) -> float:
    """Seconds from the beginning."""
    return (datetime.combine(DAY, time(hour, minute), ROME) - BEGINS).total_seconds()


def points(
    planned: list[PlannedAct], who: list[Habit], rate: float, an_hour: float = AN_HOUR
) -> list[tuple[float, float]]:
    """(real second, second of the day): no more than `rate` letters come due in a real second, as far as can be foreseen, and
    an hour in which anything happens lasts `an_hour` real seconds at least.
    """
    work: Counter[int] = Counter()
    for act in planned:
        if act.verb == "ask":
            work[int(act.at // BIN)] += 1
            told = _told_at(act.at, who[act.pharmacy])
            work[int(told // BIN)] += 1
            for number in range(int(told // BIN), int((act.at + AN_ID) // BIN) + 1):
                work[number] += 0  # a reminder that is late must not find the night gone in a moment
        else:
            work[int(act.at // BIN)] += act.verb == "certify"
    real, found = 0.0, [(0.0, 0.0)]
    for number in range(LASTS // BIN):
        quickest = BIN / (HOUR / an_hour if number in work else EMPTY)
        real += max(quickest, work[number] / rate)
        found.append((real, float((number + 1) * BIN)))
    return found


def _told_at(asked: float, habit: Habit) -> float:
    """When its reminder comes due, about: an hour before the end, or before the evening's closing."""
    plain = asked + AN_ID - LEAD
    closing = {"8:30-12:30, 15:30-19:30": _clock(19, 30), "9-13, 16-20": _clock(20, 0), "8-20": _clock(20, 0)}
    if habit.hours not in closing or habit.night or asked > _clock(14, 0):
        return plain
    return min(plain, closing[habit.hours] - LEAD)
