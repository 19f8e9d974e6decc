"""The clock of a simulated day: it runs faster than real time, and slower where the day has more to do.

The app CompressedClock (tests/day/settings.py; the variable DEMO_CLOCK names the clock's file) replaces `timezone.now()` for
the portal's own code. Times of the outside world stay real: a lease on a letter lasts as many real seconds as always.
"""

import json
import os
import time
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from celery import current_app
from django.apps import AppConfig
from django.conf import settings
from django.utils import timezone

AFTER = 60.0  # seconds per real second after the day, so that letters soon reach their next attempt
# tasks with a period under A_MINUTE run every OFTEN real seconds, the others every SELDOM
A_MINUTE, OFTEN, SELDOM = 60, 1.0, 10.0


@dataclass(frozen=True)
class Clock:
    """A clock by `points`: (real second, second of the day) since the beginning, with even speed between two points."""

    begins_real: float  # seconds since 1970
    begins_day: datetime  # UTC
    points: tuple[tuple[float, float], ...]

    @classmethod
    def load(cls, path: Path) -> "Clock":
        stored = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            stored["begins_real"],
            datetime.fromisoformat(stored["begins_day"]),
            tuple((real, day) for real, day in stored["points"]),
        )

    def save(self, path: Path) -> None:
        stored = {"begins_real": self.begins_real, "begins_day": self.begins_day.isoformat(), "points": self.points}
        path.write_text(json.dumps(stored), encoding="utf-8")

    def day_at(self, real: float) -> datetime:
        """Returns the instant of the day at a real second since 1970. Before the beginning the speed is 1."""
        passed = real - self.begins_real
        (real_0, day_0), speed = self._piece(passed)
        return self.begins_day + timedelta(seconds=day_0 + (passed - real_0) * speed)

    def real_at(self, at: datetime) -> float:
        """Returns the real second since 1970 of an instant of the day."""
        passed = (at - self.begins_day).total_seconds()
        days = [day for _, day in self.points]
        number = bisect_right(days, passed) - 1
        if number < 0 or number >= len(days) - 1:
            real, day = self.points[max(number, 0)]
            return self.begins_real + real + (passed - day) / (1.0 if number < 0 else AFTER)
        (real_0, day_0), (real_1, day_1) = self.points[number : number + 2]
        return self.begins_real + real_0 + (passed - day_0) * (real_1 - real_0) / (day_1 - day_0)

    @property
    def ends_real(self) -> float:
        return self.begins_real + self.points[-1][0]

    def _piece(self, passed: float) -> tuple[tuple[float, float], float]:
        number = bisect_right(self.points, (passed, float("inf"))) - 1
        if number < 0 or number >= len(self.points) - 1:
            return self.points[max(number, 0)], 1.0 if number < 0 else AFTER
        (real_0, day_0), (real_1, day_1) = self.points[number : number + 2]
        return (real_0, day_0), (day_1 - day_0) / (real_1 - real_0)


class CompressedClock(AppConfig):
    name = "tests.day"
    label = "day"

    def ready(self) -> None:
        clock, lease = Clock.load(Path(os.environ["DEMO_CLOCK"])), settings.OUTBOX_LEASE.total_seconds()

        def now() -> datetime:
            real = time.time()
            settings.OUTBOX_LEASE = clock.day_at(real + lease) - clock.day_at(real)
            return clock.day_at(real)

        timezone.now = now
        for entry in current_app.conf.beat_schedule.values():
            entry["schedule"] = OFTEN if entry["schedule"] < A_MINUTE else SELDOM
