"""The settings of the demonstration, by the clock of the day: the variable DEMO_CLOCK names its file (tests/day/clock.py)."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS as USUAL_APPS

INSTALLED_APPS = [*USUAL_APPS, "tests.day.clock.CompressedClock"]
