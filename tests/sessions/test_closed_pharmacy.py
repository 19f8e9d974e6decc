"""A closing stops a pharmacy and takes nothing away: a reopening gives back all that it had stopped."""

from datetime import timedelta

from portal.codes import digest
from portal.outbox.models import OutgoingMail
from sessions import forgetting, gate_row, issuing, reminders
from sessions.models import IdSessione, Reminder, State
from tests.sessions.conftest import MORNING

H = timedelta(hours=1)


def close(pharmacy, on) -> None:
    pharmacy.closed_on = on
    pharmacy.save()


def due(now, kind="issued") -> int:
    return OutgoingMail.objects.due(now).filter(kind=kind).count()


def test_an_id_lives_again_within_its_hours_after_the_sweep_of_a_closed_pharmacy(san_marco, utenza, certified, context):
    plain = issuing.issue(utenza, context, MORNING).plain
    close(san_marco, MORNING.date())
    forgetting.forget_dead(MORNING + H)
    row = IdSessione.objects.with_facts().get()
    assert row.state(MORNING + H) is State.REVOCATO
    close(san_marco, None)
    row = IdSessione.objects.with_facts().get()
    assert row.state(MORNING + 2 * H) is State.VALIDATO
    assert row.sealed is not None
    found = gate_row.read(digest(plain))
    assert found is not None
    assert found.is_live(MORNING + 2 * H)


def test_the_letter_of_an_id_waits_while_the_pharmacy_is_closed_and_leaves_when_it_reopens(
    san_marco, utenza, certified, context
):
    issuing.issue(utenza, context, MORNING)
    assert due(MORNING) == 1
    close(san_marco, MORNING.date())
    assert due(MORNING + H) == 0
    assert OutgoingMail.objects.waiting().filter(kind="issued", sealed_source__isnull=False).count() == 1
    close(san_marco, None)
    assert due(MORNING + 2 * H) == 1


def test_a_held_letter_is_useless_after_the_end_of_its_id(san_marco, utenza, certified, context):
    issuing.issue(utenza, context, MORNING)
    close(san_marco, MORNING.date())
    OutgoingMail.objects.give_up(MORNING + 17 * H)
    assert OutgoingMail.objects.get(kind="issued").sealed_source is None


def test_the_reminder_of_a_closed_pharmacy_waits_and_is_said_when_it_reopens(san_marco, utenza, certified, context):
    issuing.issue(utenza, context, MORNING)
    close(san_marco, MORNING.date())
    assert reminders.send_due(MORNING + 15 * H) == 0
    assert not Reminder.objects.exclude(settled_at=None).exists()
    close(san_marco, None)
    assert reminders.send_due(MORNING + 15 * H) > 0
    assert OutgoingMail.objects.filter(kind="reminder").count() == 1


def test_the_reminders_of_a_pharmacy_that_stays_closed_are_settled_without_a_letter(
    san_marco, utenza, certified, context
):
    issuing.issue(utenza, context, MORNING)
    close(san_marco, MORNING.date())
    while reminders.send_due(MORNING + 17 * H):
        pass
    assert not Reminder.objects.filter(settled_at=None).exists()
    assert not OutgoingMail.objects.filter(kind__in=["reminder", "expired"]).exists()
