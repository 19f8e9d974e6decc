"""First uses at the same instant, on threads with connections of their own."""

from functools import partial

import pytest

from portal.journal.models import Entry
from sessions import issuing, uses
from sessions.models import IdSessione, State
from tests.parallel import in_parallel

from .conftest import MORNING
from .gate_door import PASSED, refused, told

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
    assert in_parallel([partial(told, plain)] * AT_ONCE) == [PASSED] * AT_ONCE
    assert Entry.objects.filter(verb="id.used").count() == 1
    uses.write_down()
    assert IdSessione.objects.get().uses == AT_ONCE


def test_uses_of_the_old_and_first_uses_of_the_new_leave_one_attivo(utenza, certified, context):
    old = issuing.issue(utenza, context, MORNING).plain
    assert told(old) == PASSED
    new = issuing.issue(utenza, context, MORNING).plain
    answers = in_parallel([partial(told, plain) for plain in (old, new) * (AT_ONCE // 2)])
    assert answers[1::2] == [PASSED] * (AT_ONCE // 2)
    assert set(answers[::2]) <= {PASSED, refused("revoked")}
    assert told(old) == refused("revoked")
    states = sorted(row.state(MORNING).value for row in IdSessione.objects.with_facts())
    assert states == [State.ATTIVO.value, State.REVOCATO.value]


def test_a_first_use_and_a_revocation_at_once_end_with_a_dead_id(utenza, certified, context, anna):
    issued = issuing.issue(utenza, context, MORNING)
    acts = [partial(told, issued.plain), partial(issuing.revoke, issued.id_sessione, anna, MORNING)]
    answers = in_parallel(acts * 2)
    assert set(answers[::2]) <= {PASSED, refused("revoked")}
    assert told(issued.plain) == refused("revoked")


def test_counts_written_down_beside_first_uses_are_all_there(utenza, certified, context):
    plain = issuing.issue(utenza, context, MORNING).plain
    told(plain)
    in_parallel([partial(told, plain), uses.write_down] * 4)
    uses.write_down()
    assert IdSessione.objects.get().uses == 5
