"""The first use of an id while the database is busy."""

import pytest

from sessions.ids import issuing
from sessions.models import IdSessione, State
from tests.contention import failing
from tests.sessions.conftest import MORNING
from tests.sessions.gate.gate_door import PASSED, knock, reply_of

pytestmark = pytest.mark.django_db
MARKS = "set used_from"


@pytest.fixture(autouse=True)
def _it_is_morning(time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)


@pytest.fixture
def plain(utenza, certified, context) -> str:
    return issuing.issue(utenza, context, MORNING).plain


def state() -> State:
    return IdSessione.objects.with_facts().get().state(MORNING)


def test_a_deadlock_is_not_seen_by_the_gestionale(plain) -> None:
    with failing(MARKS, times=2) as tries:
        assert reply_of(plain) == PASSED
    assert len(tries) == 3
    assert state() is State.ATTIVO


def test_then_nothing_passes_and_the_id_is_as_it_was(plain) -> None:
    with failing(MARKS, times=99):
        answer = knock(plain)
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert state() is State.VALIDATO
    assert reply_of(plain) == PASSED
