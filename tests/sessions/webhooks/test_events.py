"""Events for the gestionale: a row in the transaction of their cause, once, and never the id."""

import json
from datetime import timedelta

import pytest
from django.db import transaction

from sessions.ids import forgetting, issuing, revoking, using
from sessions.models import Reminder, ReminderSettings, WebhookCall
from sessions.preferences import webhook_life
from sessions.reminders import sending
from sessions.reminders.planning import set_hours
from sessions.utenze import life as utenze
from tests.sessions.conftest import MORNING
from tests.sessions.hours.test_moments import SPLIT

H = timedelta(hours=1)
END = MORNING + 16 * H


def events() -> list[str]:
    return list(WebhookCall.objects.order_by("created_at", "pk").values_list("event", flat=True))


@pytest.fixture
def row(connected, utenza, certified, context):
    return issuing.issue(utenza, context, MORNING).id_sessione


def test_an_hour_before_the_end_and_at_the_end(row) -> None:
    sending.send_due(END - H - timedelta(seconds=1))
    assert events() == []
    sending.send_due(END - H)
    assert events() == ["id_sessione.expiring"]
    sending.send_due(END)
    sending.send_due(END + H)
    assert events() == ["id_sessione.expiring", "id_sessione.expired"]


def test_a_program_does_not_keep_the_hours_of_the_pharmacy(row, anna, san_marco) -> None:
    set_hours(san_marco, SPLIT, anna, MORNING)
    sending.send_due(END - H)
    assert events() == ["id_sessione.expiring"]


def test_nor_does_it_need_the_pharmacy_to_want_reminders(connected, utenza, certified, context, san_marco) -> None:
    ReminderSettings.objects.filter(pharmacy=san_marco).update(minutes_before=[])
    issuing.issue(utenza, context, MORNING)
    sending.send_due(END - H)
    assert events() == ["id_sessione.expiring"]


def test_the_body_says_which_id_but_not_the_id(connected, utenza, certified, context) -> None:
    issued = issuing.issue(utenza, context, MORNING)
    sending.send_due(END - H)
    call = WebhookCall.objects.get()
    assert json.loads(call.body) == {
        "type": "id_sessione.expiring",
        "timestamp": "2026-11-23T22:58:00Z",
        "data": {
            "farmacia": "4512", "utenza": "UVANNA01", "contesto": "RICETTA-DEM", "applicazione": "EROGATORE",
            "ultime4": issued.plain[-4:], "richiesto_il": "2026-11-23T07:58:00Z", "scade_il": "2026-11-23T23:58:00Z",
        },
    }  # fmt: skip
    assert issued.plain not in call.body
    assert call.give_up_at == END


def test_a_revocation_by_a_person_is_told_at_once(row, anna) -> None:
    revoking.revoke(row, anna, MORNING + H)
    assert events() == ["id_sessione.revoked"]
    assert json.loads(WebhookCall.objects.get().body)["data"]["motivo"] == "revocato"
    sending.send_due(END)
    assert events() == ["id_sessione.revoked"]


def test_a_replaced_id_is_told_as_such(row, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING + H)
    assert json.loads(WebhookCall.objects.get().body)["data"]["motivo"] == "sostituito"


def test_the_id_in_use_that_the_first_use_of_another_ends_is_told(row, utenza, context) -> None:
    using.use(row, MORNING)
    using.use(issuing.issue(utenza, context, MORNING + H).id_sessione, MORNING + 2 * H)
    assert events() == ["id_sessione.revoked"]


def test_an_utenza_that_closes_takes_its_ids_with_it(row, utenza, anna) -> None:
    utenze.disable(utenza, anna, MORNING + H)
    forgetting.forget_dead(MORNING + H)
    assert events() == ["id_sessione.revoked"]


def test_an_address_that_is_revoked_is_seen_by_the_sweep(row, certified, anna) -> None:
    certified.revoke(anna, MORNING + H)
    forgetting.forget_dead(MORNING + 2 * H)
    forgetting.forget_dead(MORNING + 3 * H)
    assert events() == ["id_sessione.revoked"]


def test_an_id_that_expired_is_not_said_to_be_revoked(row) -> None:
    forgetting.forget_dead(END + H)
    assert events() == []


def test_connecting_plans_for_the_ids_already_live_and_disconnecting_forgets_them(
    gestionale, anna, san_marco, utenza, certified, context
) -> None:
    issuing.issue(utenza, context, MORNING)
    webhook, _ = webhook_life.open_at(san_marco, gestionale.url, anna, MORNING + H)
    planned = Reminder.objects.filter(channel="gestionale")
    assert [END - at for at in planned.order_by("due_at").values_list("due_at", flat=True)] == [H, 0 * H]
    assert webhook_life.close(webhook, anna, MORNING + 2 * H)
    assert not planned.exists()
    assert Reminder.objects.count() == 1  # the letter stays


def test_nothing_is_written_for_who_has_no_gestionale_connected(utenza, certified, context, anna) -> None:
    revoking.revoke(issuing.issue(utenza, context, MORNING).id_sessione, anna, MORNING + H)
    sending.send_due(END)
    assert events() == []


def test_an_act_undone_undoes_what_was_to_be_told(row, anna) -> None:
    with transaction.atomic():
        revoking.revoke(row, anna, MORNING + H)
        transaction.set_rollback(True)
    assert events() == []
