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


@pytest.mark.parametrize("first", ACTS)
def test_whatever_comes_between_its_statements(first: str, anna: User, context: Context) -> None:
    assert list(races([(first, second) for second in partners_of(first)], anna, context)) == []
