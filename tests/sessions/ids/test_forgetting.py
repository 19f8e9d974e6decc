"""The sweep deletes the sealed copy of a dead id, and a dead id stays dead."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command

from portal.outbox.models import OutgoingMail
from sessions import tasks
from sessions.ids import forgetting, issuing, revoking
from sessions.models import IdSessione, State
from tests.sessions.conftest import MORNING

H = timedelta(hours=1)


def test_the_sealed_copy_of_an_expired_id_is_wiped_and_the_id_stays_expired(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    assert forgetting.forget_dead(MORNING + 15 * H) == 0
    assert forgetting.forget_dead(MORNING + 16 * H) == 1
    row = IdSessione.objects.get()
    assert row.sealed is None
    assert row.state(MORNING + 16 * H) is State.SCADUTO
    assert forgetting.forget_dead(MORNING + 16 * H) == 0


@pytest.mark.parametrize("fact", ["disabled_at", "blocked_at"])
def test_an_utenza_that_comes_back_does_not_bring_its_ids_back(fact, utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    setattr(utenza, fact, MORNING + H)
    utenza.save()
    assert forgetting.forget_dead(MORNING + H) == 1
    setattr(utenza, fact, None)
    utenza.save()
    assert IdSessione.objects.with_facts().get().state(MORNING + 2 * H) is State.REVOCATO


def test_the_copies_of_the_ids_of_a_revoked_address_are_wiped_at_once_and_those_of_a_closed_pharmacy_at_their_end(
    san_marco, utenza, certified, context, replacing
) -> None:
    issuing.issue(utenza, context, MORNING)
    certified.revoked_at = MORNING + H
    certified.save()
    assert forgetting.forget_dead(MORNING + H) == 1
    certified.revoked_at = None
    certified.save()
    issuing.issue(utenza, replacing, MORNING + H)
    san_marco.closed_on = MORNING.date()
    san_marco.save()
    assert forgetting.forget_dead(MORNING + 2 * H) == 0
    assert forgetting.forget_dead(MORNING + 11 * H) == 1
    assert not IdSessione.objects.filter(sealed__isnull=False).exists()


def test_what_is_revoked_or_replaced_keeps_no_copy_even_before_the_sweep(anna, utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    second = issuing.issue(utenza, context, MORNING + H).id_sessione
    revoking.revoke(second, anna, MORNING + 2 * H)
    assert not IdSessione.objects.filter(sealed__isnull=False).exists()


def test_the_command_does_what_the_timetable_does(utenza, certified, context, capsys) -> None:
    issuing.issue(utenza, context, MORNING)
    with time_machine.travel(MORNING + 17 * H, tick=False):
        call_command("forget_dead_ids")
    assert capsys.readouterr().out == "Ids forgotten: 1.\n"


def test_the_tasks_of_the_timetable_may_run_twice(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    with time_machine.travel(MORNING + 15 * H, tick=False):
        tasks.send_due_reminders()
        tasks.send_due_reminders()
    assert OutgoingMail.objects.filter(kind="reminder").count() == 1
    with time_machine.travel(MORNING + 17 * H, tick=False):
        tasks.forget_dead_ids()
        tasks.forget_dead_ids()
    assert IdSessione.objects.get().sealed is None
