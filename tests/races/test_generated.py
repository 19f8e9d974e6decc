"""Every pair of acts on one pharmacy at the same moment, at every statement that changes or locks something."""

from functools import partial

import pytest
from django.db import connection

from portal.identity.models import User
from sessions.models import Context
from tests.races.generator import races
from tests.races.world import ACTS, Act, World, made, partners_of, put_away

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


# With these settings off and this many pharmacies, PostgreSQL sorts a union before it joins it with the letters.
SORTED_UNION, FILLED = ("enable_hashagg", "enable_seqscan", "enable_bitmapscan"), 110


def test_a_refused_letter_is_withdrawn_under_another_plan(
    monkeypatch: pytest.MonkeyPatch, anna: User, context: Context
) -> None:
    for _ in range(FILLED):
        put_away(made(anna, context))
    acts = ["block", "hand_over", "revoke_all"]
    for name in acts:
        monkeypatch.setitem(ACTS, name, partial(_with_sorted_union, ACTS[name]))
    assert list(races([("refuse", second) for second in acts], anna, context)) == []


def _with_sorted_union(act: Act, world: World) -> object:
    with connection.cursor() as cursor:
        for name in SORTED_UNION:
            cursor.execute(f"set {name} = off")
    return act(world)
