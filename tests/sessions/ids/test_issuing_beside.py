"""Concurrent acts on one pharmacy through several of its utenze, each on its own connection."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connection, transaction

from sessions.ids import issuing, revoking
from sessions.models import IdSessione
from tests.parallel import in_its_own_connection
from tests.processes.conftest import until
from tests.sessions.conftest import MORNING, make_utenza

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="an embedded database lets one writer in at a time: nothing interleaves",
    ),
]


@pytest.fixture
def others(san_marco):
    """Two more utenze of the same pharmacy."""
    return [make_utenza(user_id, san_marco) for user_id in ("UVANNA02", "UVANNA03")]


@contextmanager
def held_up_at(row: IdSessione) -> Iterator[Callable[[Callable[[], object]], Future[object]]]:
    """Starts acts that all wait for this row, one after the other; at the end it releases them."""
    waiting = 0

    def start(act: Callable[[], object]) -> Future[object]:
        nonlocal waiting
        future, waiting = pool.submit(in_its_own_connection, act), waiting + 1
        until(lambda: how_many_wait() == waiting, 20, "the act waits for a lock")
        return future

    with ThreadPoolExecutor(4) as pool, transaction.atomic():
        IdSessione.objects.select_for_update().get(pk=row.pk)
        yield start


def how_many_wait() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_clear_snapshot()")  # otherwise the transaction would keep its first snapshot
        cursor.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def test_of_two_ids_asked_for_at_once_the_staff_hear_of_one_only(utenza, others, certified, context):
    elsewhere = issuing.issue(others[1], context, MORNING).id_sessione
    with held_up_at(elsewhere) as start:
        pending = [start(partial(issuing.issue, one, context, MORNING)) for one in (utenza, others[0])]
    assert all(act.result(timeout=20) for act in pending)
    assert IdSessione.objects.filter(outlived_at=None).count() == 1


def test_every_id_is_revoked_while_another_utenza_asks_for_one(utenza, others, certified, context, carla, san_marco):
    issuing.issue(others[0], context, MORNING)
    newest = issuing.issue(utenza, context, MORNING).id_sessione  # no newer id yet: the next one will mark it
    with held_up_at(newest) as start:
        revoked = start(partial(revoking.revoke_all, san_marco, carla, "prova", MORNING))
        pending = start(partial(issuing.issue, others[0], context, MORNING))
    assert revoked.result(timeout=20) == 2
    assert pending.result(timeout=20)
    assert IdSessione.objects.live(MORNING).count() == 1
