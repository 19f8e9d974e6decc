"""The demonstration's settings with the clock of the day (tests/day/clock.py); the variable DEMO_CLOCK names its file."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS as USUAL_APPS

INSTALLED_APPS = [*USUAL_APPS, "tests.day.clock.CompressedClock"]
