"""First uses at the same instant, on threads with a connection each."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from portal.journal.models import Entry
from sessions.gate import uses
from sessions.ids import issuing, revoking
from sessions.models import IdSessione, State
from sessions.utenze import life
from tests.parallel import in_its_own_connection, in_parallel
from tests.processes.conftest import until
from tests.sessions.conftest import MORNING
from tests.sessions.gate.gate_door import BASIC_REFUSED, PASSED, basic, refused, reply_of

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8


@pytest.fixture(autouse=True)
def _morning(time_machine):
    time_machine.move_to(MORNING, tick=False)
    uses.forget()
    yield
    uses.forget()


def test_eight_first_uses_of_one_id_all_pass_and_are_one_first_use(utenza, certified, context):
    plain = issuing.issue(utenza, context, MORNING).plain
    assert in_parallel([partial(reply_of, plain)] * AT_ONCE) == [PASSED] * AT_ONCE
    assert Entry.objects.filter(verb="id.used").count() == 1
    uses.write_down()
    assert IdSessione.objects.get().uses == AT_ONCE


def test_uses_of_the_old_and_first_uses_of_the_new_leave_one_attivo(utenza, certified, context):
    old = issuing.issue(utenza, context, MORNING).plain
    assert reply_of(old) == PASSED
    new = issuing.issue(utenza, context, MORNING).plain
    answers = in_parallel([partial(reply_of, plain) for plain in (old, new) * (AT_ONCE // 2)])
    assert answers[1::2] == [PASSED] * (AT_ONCE // 2)
    assert set(answers[::2]) <= {PASSED, refused("revoked")}
    assert reply_of(old) == refused("revoked")
    states = sorted(row.state(MORNING).value for row in IdSessione.objects.with_facts())
    assert states == [State.ATTIVO.value, State.REVOCATO.value]


def test_a_first_use_and_a_revocation_at_once_end_with_a_dead_id(utenza, certified, context, anna):
    issued = issuing.issue(utenza, context, MORNING)
    acts = [partial(reply_of, issued.plain), partial(revoking.revoke, issued.id_sessione, anna, MORNING)]
    answers = in_parallel(acts * 2)
    assert set(answers[::2]) <= {PASSED, refused("revoked")}
    assert reply_of(issued.plain) == refused("revoked")


def test_counts_written_down_beside_first_uses_are_all_there(utenza, certified, context):
    plain = issuing.issue(utenza, context, MORNING).plain
    reply_of(plain)
    in_parallel([partial(reply_of, plain), uses.write_down] * 4)
    uses.write_down()
    assert IdSessione.objects.get().uses == 5


def test_a_password_that_changes_during_a_first_use_is_a_wrong_password(utenza, certified, context, anna):
    if connection.vendor != "postgresql":
        pytest.skip("an embedded database does not let a call read while another writes")
    plain = issuing.issue(utenza, context, MORNING).plain
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            life.change_password(utenza, "la password nuova", anna, MORNING)
            call = pool.submit(in_its_own_connection, partial(reply_of, plain))
            until(somebody_waits_for_us, 20, "the gate has proved the old password and waits to write the first use")
        assert call.result(timeout=20) == BASIC_REFUSED
    assert IdSessione.objects.get().first_used_at is None
    assert reply_of(plain, basic(password="la password nuova")) == PASSED


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))")
        return cursor.fetchone() is not None
