"""The portal's settings with nothing around a view: no middleware, no health check before each query."""

from portal.settings import *  # noqa: F403
from portal.settings import DATABASES

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "tests.benchmarks.floor_django"
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
