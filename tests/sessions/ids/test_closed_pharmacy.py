"""A closing suspends a pharmacy without deleting anything: a reopening restores all of it."""

from datetime import datetime, timedelta

import pytest
import time_machine

from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver
from portal.secrets.codes import digest
from portal.time.clock import ROME
from sessions.ids import forgetting, issuing, revoking
from sessions.models import Context, IdSessione, Reminder, State, gate_row
from sessions.reminders import sending
from tests.outbox.conftest import sink  # noqa: F401  a mail server
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


def test_an_id_that_is_revoked_while_the_pharmacy_is_closed_does_not_come_back(
    san_marco, utenza, certified, context, carla
):
    issuing.issue(utenza, context, MORNING)
    close(san_marco, MORNING.date())
    assert revoking.revoke_all(san_marco, carla, "casella letta da altri", MORNING + H) == 1
    close(san_marco, None)
    assert IdSessione.objects.with_facts().get().state(MORNING + 2 * H) is State.REVOCATO
    assert due(MORNING + 2 * H) == 0


def test_the_staff_see_what_a_closing_stopped_and_may_revoke_it(san_marco, utenza, certified, context, carla_client):
    issuing.issue(utenza, context, MORNING)
    close(san_marco, MORNING.date())
    with time_machine.travel(MORNING + H, tick=False):
        page = carla_client.get("/operatori/stato-sessioni/4512/").content.decode()
    assert "Fermo: farmacia chiusa" in page
    assert "id/revoca-tutti/" in page


@pytest.mark.parametrize("away", [timedelta(microseconds=1), timedelta(0), -timedelta(microseconds=1)])
def test_an_id_that_ends_at_the_midnight_of_the_closing_is_one_thing_for_a_row_and_for_many(
    san_marco, utenza, certified, context, away
):
    row = issuing.issue(utenza, context, MORNING).id_sessione
    midnight = datetime(2026, 11, 24, tzinfo=ROME)
    IdSessione.objects.filter(pk=row.pk).update(expires_at=midnight + away)
    close(san_marco, midnight.date())
    now = midnight + H
    state = IdSessione.objects.with_facts().get().state(now)
    assert IdSessione.objects.standing(now).exists() == (state is not State.REVOCATO)
    assert IdSessione.objects.expired(now).exists() == (state is State.SCADUTO)


def test_a_held_letter_is_useless_after_the_end_of_its_id(san_marco, utenza, certified, context):
    issuing.issue(utenza, context, MORNING)
    close(san_marco, MORNING.date())
    OutgoingMail.objects.give_up(MORNING + 17 * H)
    assert OutgoingMail.objects.get(kind="issued").sealed_source is None


def test_the_reminder_of_a_closed_pharmacy_waits_and_is_said_when_it_reopens(san_marco, utenza, certified, context):
    issuing.issue(utenza, context, MORNING)
    close(san_marco, MORNING.date())
    assert sending.send_due(MORNING + 15 * H) == 0
    assert not Reminder.objects.exclude(settled_at=None).exists()
    close(san_marco, None)
    assert sending.send_due(MORNING + 15 * H) > 0
    assert OutgoingMail.objects.filter(kind="reminder").count() == 1


def test_the_reminders_of_a_pharmacy_that_stays_closed_are_settled_without_a_letter(
    san_marco, utenza, certified, context
):
    issuing.issue(utenza, context, MORNING)
    close(san_marco, MORNING.date())
    while sending.send_due(MORNING + 17 * H):
        pass
    assert not Reminder.objects.filter(settled_at=None).exists()
    assert not OutgoingMail.objects.filter(kind__in=["reminder", "expired"]).exists()


def test_a_letter_that_was_claimed_before_the_closing_is_given_back(san_marco, utenza, certified, context, sink):  # noqa: F811
    row = issuing.issue(utenza, context, MORNING).id_sessione
    (letter,) = OutgoingMail.objects.claim(MORNING, 10)
    close(san_marco, MORNING.date())
    deliver(letter, MORNING)
    assert sink.recipients == []
    letter = OutgoingMail.objects.get(pk=row.letter_id)
    assert (letter.leased_until, letter.withdrawn_at, letter.sealed_source is None) == (None, None, False)


def test_an_older_id_of_a_closed_pharmacy_is_on_the_page_of_the_staff(operator, san_marco, utenza, certified, context):
    held = issuing.issue(utenza, context, MORNING).id_sessione
    other = Context.objects.create(contesto="ALTRO", applicazione="EROGATORE")
    for _ in range(22):
        issuing.issue(utenza, other, MORNING).id_sessione.revoke(MORNING)
    close(san_marco, MORNING.date())
    with time_machine.travel(MORNING + H, tick=False):
        page = operator("sicurezza").get(f"/operatori/stato-sessioni/{san_marco.code}/")
    assert page.context["has_live"]
    assert held in [card.row for card in page.context["ids"]]
