"""Every pair of acts on one pharmacy at the same moment, at every statement that changes or locks something."""

import pytest
from django.db import connection

from portal.identity.models import User
from sessions.models import Context
from tests.races.generator import races
from tests.races.world import ACTS, partners_of

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks the whole database: one act at a time"),
]


# Two cases for each act, which two workers of the tests may run at the same time.
HALVES = [
    pytest.param(first, partners_of(first)[half::2], id=f"{first}-{half + 1}") for first in ACTS for half in (0, 1)
]


@pytest.mark.parametrize(("first", "partners"), HALVES)
def test_whatever_comes_between_its_statements(first: str, partners: list[str], anna: User, context: Context) -> None:
    assert list(races([(first, second) for second in partners], anna, context)) == []
