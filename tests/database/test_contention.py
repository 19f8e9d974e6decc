"""Database errors that are retried, and errors that are not."""

import sqlite3
from functools import partial

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from pharmacies.models import Pharmacy
from portal.database.contention import TRIES, is_busy, may_pass, tried_again
from tests.conftest import make_pharmacy
from tests.contention import cut, deadlock, failing

WRITES = "INSERT INTO"
ours = pytest.mark.django_db(transaction=True)


@transaction.atomic
def write(code: str) -> str:
    make_pharmacy(code, "San Marco")
    make_pharmacy(f"{code}B", "San Marco")
    return code


@ours
@pytest.mark.parametrize("times", [1, TRIES - 1])
def test_a_deadlock_is_tried_again_and_leaves_nothing_of_the_first_try(times: int) -> None:
    with failing("pharmacies_pharmacy", times=times):
        assert tried_again(partial(write, "1")) == "1"
    assert sorted(Pharmacy.objects.values_list("code", flat=True)) == ["1", "1B"]


@ours
def test_after_three_tries_the_caller_is_told() -> None:
    with failing("pharmacies_pharmacy", times=99) as tries, pytest.raises(OperationalError):
        tried_again(partial(write, "1"))
    assert len(tries) == TRIES
    assert not Pharmacy.objects.exists()


@ours
def test_what_was_committed_is_not_done_twice() -> None:
    done = []

    def act() -> None:
        done.append(write(str(len(done))))
        with transaction.atomic():
            make_pharmacy("9", "Al Redentore")
            raise deadlock()

    with pytest.raises(OperationalError):
        tried_again(act)
    assert done == ["0"]


@ours
def test_a_write_outside_any_transaction_is_committed_at_once() -> None:
    tries = []

    def act() -> None:
        tries.append(1)
        make_pharmacy("1", "San Marco")
        raise deadlock()

    with pytest.raises(OperationalError):
        tried_again(act)
    assert tries == [1]


@pytest.mark.django_db
def test_inside_a_transaction_what_is_kept_counts_as_committed() -> None:
    tries = []

    def act() -> None:
        tries.append(write("1"))
        raise deadlock()

    with pytest.raises(OperationalError):
        tried_again(act)
    assert tries == ["1"]


@pytest.mark.django_db
def test_a_wrong_row_and_a_slow_statement_are_not_tried_again() -> None:
    for error in (IntegrityError("twice"), cut()):
        tries = []

        def act(error=error, tries=tries) -> None:
            tries.append(1)
            raise error

        with pytest.raises(type(error)):
            tried_again(act)
        assert tries == [1]


@pytest.mark.django_db
def test_nothing_of_it_stays_on_the_connection() -> None:
    before = list(connection.execute_wrappers)
    tried_again(lambda: 1)
    assert connection.execute_wrappers == before


def test_the_locked_database_of_sqlite_is_busy(tmp_path) -> None:
    first, second = (sqlite3.connect(tmp_path / "db", timeout=0, isolation_level=None) for _ in range(2))
    first.execute("begin immediate")
    with pytest.raises(sqlite3.OperationalError) as raised:
        second.execute("begin immediate")
    error = OperationalError("database is locked")
    error.__cause__ = raised.value
    assert may_pass(error)
    assert is_busy(cut())
    assert not is_busy(OperationalError("no such table"))
    first.close(), second.close()


@ours
def test_what_an_act_within_gave_up_is_not_tried_again_around_it() -> None:
    with failing("pharmacies_pharmacy", times=99) as tries, pytest.raises(OperationalError):
        tried_again(lambda: tried_again(partial(write, "1")))
    assert len(tries) == TRIES
