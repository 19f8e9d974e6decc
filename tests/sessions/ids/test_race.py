"""Eight requests at the same instant."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from portal.outbox.models import OutgoingMail
from sessions.ids import issuing, resending, using
from sessions.models import IdSessione, Reminder, State
from sessions.reminders import sending
from tests.parallel import in_parallel
from tests.sessions.conftest import MORNING

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8


def all_at_once(act: Callable[[int], object]) -> list[object]:
    return in_parallel([partial(act, n) for n in range(AT_ONCE)])


def states() -> list[State]:
    return sorted((row.state(MORNING) for row in IdSessione.objects.with_facts()), key=lambda state: state.value)


def test_eight_requests_at_once_leave_one_validato(utenza, certified, context) -> None:
    all_at_once(lambda n: issuing.issue(utenza, context, MORNING))
    assert states() == [State.REVOCATO] * 7 + [State.VALIDATO]


def test_eight_clicks_at_once_give_one_id(anna, utenza, certified, context) -> None:
    answers = all_at_once(lambda n: issuing.request(utenza, context, MORNING, anna))
    assert sum(answer.issued is not None for answer in answers) == 1
    assert IdSessione.objects.count() == 1


def test_requests_and_first_uses_at_once_leave_one_attivo_and_one_validato_at_most(utenza, certified, context) -> None:
    for _ in range(3):
        row = issuing.issue(utenza, context, MORNING).id_sessione
        all_at_once(lambda n, row=row: using.use(row, MORNING) if n % 2 else issuing.issue(utenza, context, MORNING))
        assert states().count(State.ATTIVO) <= 1
        assert states().count(State.VALIDATO) <= 1


def test_eight_timetables_at_once_say_each_thing_once(utenza, certified, context, replacing) -> None:
    issuing.issue(utenza, context, MORNING)
    issuing.issue(utenza, replacing, MORNING)
    settled = all_at_once(lambda n: sending.send_due(MORNING + timedelta(hours=15)))
    assert sum(settled) == 2
    kinds = sorted(Reminder.objects.values_list("letter__kind", flat=True))
    assert kinds == ["expired", "reminder"]  # one had expired five hours before, without a notice
    assert OutgoingMail.objects.filter(kind__in=kinds).count() == 2


def test_eight_presses_of_send_again_send_one_letter(anna, utenza, certified, context) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    later = MORNING + timedelta(hours=2)
    assert sum(all_at_once(lambda n: resending.resend(row, anna, later))) == 1
