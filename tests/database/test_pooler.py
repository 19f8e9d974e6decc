"""The warnings about a pooler that the settings do not suit. tests/processes/test_pgbouncer.py asks a real PgBouncer."""

import pytest
from django.core.checks import run_checks
from django.db import connection, connections
from django.utils import timezone

from portal.database import pooler
from portal.database.pooler import PoolerFindings
from portal.system_checks import about_the_pooler
from portal.watch.readiness import warnings

FORGETS = PoolerFindings(shares=True, keeps_prepared=False)
REFUSES = PoolerFindings(takes_options=False)


@pytest.fixture
def prepares(monkeypatch):
    def prepares(does: bool) -> None:
        options = {"prepare_threshold": 5 if does else None}
        monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", options)

    return prepares


@pytest.mark.parametrize(
    ("found", "ids"),
    [
        (None, []),
        (PoolerFindings(), []),
        (FORGETS, ["portal.E008"]),
        (PoolerFindings(shares=True, takes_options=False), ["portal.E008"]),
        (REFUSES, ["portal.E009"]),
        (PoolerFindings(shares=True), []),  # it keeps prepared statements, and the role has its bounds
        (PoolerFindings(shares=True, has_bound=False), ["portal.W001"]),
    ],
)
def test_with_prepared_statements(prepares, found, ids) -> None:
    prepares(True)
    assert [message.id for message in about_the_pooler(found)] == ids


@pytest.mark.parametrize(
    ("found", "ids"),
    [(FORGETS, []), (REFUSES, []), (PoolerFindings(shares=True, has_bound=False), ["portal.W001"])],
)
def test_without_them(prepares, found, ids) -> None:
    prepares(False)
    assert [message.id for message in about_the_pooler(found)] == ids


@pytest.mark.django_db
def test_no_pooler_is_found_where_none_is() -> None:
    assert pooler.look() == (PoolerFindings() if connection.vendor == "postgresql" else None)
    assert [found.id for found in run_checks(databases=["default"]) if found.id.startswith("portal.")] == []


@pytest.mark.django_db
def test_readyz_says_it(prepares, monkeypatch) -> None:
    monkeypatch.setattr(pooler, "lately", lambda: FORGETS)
    prepares(True)
    assert any("set DATABASE_PREPARE=0" in warning for warning in warnings(timezone.now()))


@pytest.mark.django_db
def test_a_look_is_kept_for_ten_minutes_and_silence_is_not(monkeypatch) -> None:
    answers = [None, FORGETS, PoolerFindings()]
    monkeypatch.setattr(pooler, "look", lambda: answers.pop(0))
    monkeypatch.setattr(pooler, "_kept", None)
    assert [pooler.lately() for _ in range(3)] == [None, FORGETS, FORGETS]
    monkeypatch.setattr(pooler, "KEPT_FOR", -1.0)
    assert pooler.lately() == PoolerFindings()
