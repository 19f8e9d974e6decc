"""No reminder is lost: not by a choice that is saved while it is due, nor because its lead does not fit into what is left."""

from datetime import timedelta

import pytest
import time_machine

from portal.outbox.models import OutgoingMail
from sessions import issuing, planning, reminders
from sessions.hours.week import Week, read_day
from sessions.models import Context, IdSessione, Reminder, ReminderSettings
from sessions.planning import Wishes, choose
from sessions.webhooks import events

from .conftest import MORNING
from .test_withdrawn_letters import change_address

H, MIN = timedelta(hours=1), timedelta(minutes=1)
END = MORNING + 16 * H
DUE = END - H
ALWAYS = Week((read_day("24 ore"),) * 7)


def letters() -> list[str]:
    sent = OutgoingMail.objects.filter(kind__in=["reminder", "expired"], withdrawn_at=None)
    return list(sent.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def row(utenza, certified, context) -> IdSessione:
    """Its reminder is due at DUE."""
    return issuing.issue(utenza, context, MORNING).id_sessione


def save(what: str, pharmacy, by, now) -> None:
    if what == "preferences":
        choose(pharmacy, Wishes([60], True), by, now)
    elif what == "hours":
        planning.set_hours(pharmacy, ALWAYS, by, now)
    elif what == "nights":
        planning.set_nights(pharmacy, [now.date()], by, now)
    else:
        planning.plan_again(pharmacy, now)


@pytest.mark.parametrize("what", ["preferences", "hours", "nights", "webhook"])
def test_what_is_due_and_not_yet_taken_survives_a_choice_that_is_saved(what, row, san_marco, anna) -> None:
    save(what, san_marco, anna, DUE + MIN)
    reminders.send_due(DUE + 2 * MIN)
    assert letters() == ["reminder"]


def test_what_is_due_and_no_longer_wanted_is_not_said(row, san_marco, anna) -> None:
    choose(san_marco, Wishes([], False), anna, DUE + MIN)
    reminders.send_due(DUE + 2 * MIN)
    assert letters() == []


def test_what_is_due_moves_on_with_a_shorter_lead(row, san_marco, anna) -> None:
    choose(san_marco, Wishes([30], False), anna, DUE + MIN)
    reminders.send_due(DUE + 2 * MIN)
    assert letters() == []
    reminders.send_due(END - 30 * MIN)
    assert letters() == ["reminder"]


def test_what_a_change_of_address_put_back_survives_a_choice_that_is_saved(row, san_marco, anna) -> None:
    reminders.send_due(DUE)
    change_address(san_marco, anna, DUE + MIN)
    choose(san_marco, Wishes([60, 120], False), anna, DUE + MIN)
    reminders.send_due(DUE + 2 * MIN)
    assert OutgoingMail.objects.get(kind="reminder", withdrawn_at=None).recipient == "nuova@farmaciasanmarco.it"


def test_a_longer_lead_chosen_late_is_said_sooner_than_chosen(utenza, certified, context, san_marco, anna) -> None:
    choose(san_marco, Wishes([15], False), anna, MORNING)
    issuing.issue(utenza, context, MORNING)
    choose(san_marco, Wishes([120], False), anna, END - 90 * MIN)
    assert [END - each.due_at for each in Reminder.objects.all()] == [45 * MIN]


def test_an_id_of_one_hour_is_spoken_of_after_half_an_hour_and_its_letter_says_so(utenza, certified, db) -> None:
    short = Context.objects.create(contesto="BREVE", applicazione="EROGATORE", hours=1)
    issuing.issue(utenza, short, MORNING)
    assert [each.due_at for each in Reminder.objects.all()] == [MORNING + 30 * MIN]
    assert events.coming(MORNING + H, MORNING)[0].at == MORNING + 30 * MIN
    reminders.send_due(MORNING + 30 * MIN)
    assert letters() == ["reminder"]


def test_a_reminder_that_is_due_is_on_the_page_and_one_that_was_sent_is_told(row, anna_client, san_marco) -> None:
    ReminderSettings.objects.create(pharmacy=san_marco)
    with time_machine.travel(DUE + MIN, tick=False):
        assert "Ti scriviamo <strong>tra poco</strong>" in anna_client.get("/servizi/4512/avvisi/").content.decode()
        reminders.send_due(DUE + MIN)
        page = anna_client.get("/servizi/4512/avvisi/").content.decode()
        assert "Non ti scriveremo più: l’abbiamo fatto oggi alle 23:59." in page


def test_a_letter_sent_again_tells_what_is_still_to_come(row, anna) -> None:
    """Not a second reminder that nobody planned."""
    reminders.send_due(DUE)
    assert issuing.resend(row, anna, DUE + MIN)
    assert planning.waiting(row) == []
