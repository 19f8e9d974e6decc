"""No reminder is lost: neither by a preference saved while it is due, nor by a lead time longer than the id's remaining life."""

from datetime import timedelta
from email import message_from_bytes, policy
from threading import Thread

import pytest
import time_machine
from django.db import connection, transaction

from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from sessions.hours.week import Week, read_day
from sessions.ids import issuing, resending, using
from sessions.models import Context, IdSessione, Reminder, ReminderSettings
from sessions.reminders import planning, sending
from sessions.reminders.planning import Wishes, choose
from sessions.webhooks import events
from tests.parallel import in_its_own_connection, in_parallel
from tests.pharmacies.copy_mailboxes import copies_to
from tests.sessions.conftest import MORNING, make_utenza
from tests.sessions.ids.test_withdrawn_letters import change_address

H, MIN = timedelta(hours=1), timedelta(minutes=1)
END = MORNING + 16 * H
DUE = END - H
ALWAYS = Week((read_day("24 ore"),) * 7)


def letters() -> list[str]:
    sent = OutgoingMail.objects.filter(kind__in=["reminder", "expired"], withdrawn_at=None)
    return list(sent.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def row(utenza, certified, context) -> IdSessione:
    """An id whose reminder is due at DUE."""
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
    sending.send_due(DUE + 2 * MIN)
    assert letters() == ["reminder"]


def test_what_is_due_and_no_longer_wanted_is_not_said(row, san_marco, anna) -> None:
    choose(san_marco, Wishes([], False), anna, DUE + MIN)
    sending.send_due(DUE + 2 * MIN)
    assert letters() == []


def test_what_is_due_moves_on_with_a_shorter_lead(row, san_marco, anna) -> None:
    choose(san_marco, Wishes([30], False), anna, DUE + MIN)
    sending.send_due(DUE + 2 * MIN)
    assert letters() == []
    sending.send_due(END - 30 * MIN)
    assert letters() == ["reminder"]


def test_what_a_change_of_address_put_back_survives_a_choice_that_is_saved(row, san_marco, anna) -> None:
    sending.send_due(DUE)
    change_address(san_marco, anna, DUE + MIN)
    choose(san_marco, Wishes([60, 120], False), anna, DUE + MIN)
    sending.send_due(DUE + 2 * MIN)
    assert OutgoingMail.objects.get(kind="reminder", withdrawn_at=None).recipient == "nuova@farmaciasanmarco.it"


def test_a_longer_lead_chosen_late_is_said_sooner_than_chosen(utenza, certified, context, san_marco, anna) -> None:
    choose(san_marco, Wishes([15], False), anna, MORNING)
    issuing.issue(utenza, context, MORNING)
    choose(san_marco, Wishes([120], False), anna, END - 90 * MIN)
    assert [END - reminder.due_at for reminder in Reminder.objects.all()] == [45 * MIN]


def test_an_id_of_one_hour_is_spoken_of_after_half_an_hour_and_its_letter_says_so(utenza, certified, db) -> None:
    short = Context.objects.create(contesto="BREVE", applicazione="EROGATORE", hours=1)
    issuing.issue(utenza, short, MORNING)
    assert [reminder.due_at for reminder in Reminder.objects.all()] == [MORNING + 30 * MIN]
    assert events.coming(MORNING + H, MORNING)[0].at == MORNING + 30 * MIN
    sending.send_due(MORNING + 30 * MIN)
    assert letters() == ["reminder"]


def test_a_reminder_that_is_due_is_on_the_page_and_one_that_was_sent_is_told(row, anna_client, san_marco) -> None:
    ReminderSettings.objects.create(pharmacy=san_marco)
    with time_machine.travel(DUE + MIN, tick=False):
        assert "Ti scriviamo <strong>tra poco</strong>" in anna_client.get("/servizi/4512/avvisi/").content.decode()
        sending.send_due(DUE + MIN)
        page = anna_client.get("/servizi/4512/avvisi/").content.decode()
        assert "Non ti scriveremo più: l’abbiamo fatto oggi alle 23:59." in page


def test_a_letter_sent_again_tells_what_is_still_to_come(row, anna) -> None:
    """It creates no second reminder."""
    sending.send_due(DUE)
    assert resending.resend(row, anna, DUE + MIN)
    assert planning.waiting(row) == []


# --- delays by workers, relay or address


def texts(kind: str) -> str:
    letter = OutgoingMail.objects.filter(kind=kind).latest("pk")
    parsed = message_from_bytes(unseal(letter.sealed_source), policy=policy.default)
    body = parsed.get_body(("plain",))
    return f"{letter.subject}\n{body.get_content()}"


@pytest.mark.parametrize("away_for", [timedelta(0), 5 * H])
def test_workers_away_until_after_the_end_tell_the_pharmacy_once_whatever_it_chose(away_for, row) -> None:
    for minutes in range(3):
        sending.send_due(END + away_for + minutes * MIN)
    assert letters() == ["expired"]
    assert "ID SESSIONE ricetta SSN, scaduto alle 00:58 – Farmacia San Marco" in texts("expired")
    assert "Non siamo riusciti ad avvisarti prima: ci dispiace." in texts("expired")


def test_the_notice_that_it_has_expired_takes_that_over(utenza, certified, context, san_marco, anna) -> None:
    choose(san_marco, Wishes([60, 30], True), anna, MORNING)
    issuing.issue(utenza, context, MORNING)
    sending.send_due(END + H)
    assert letters() == ["expired"]
    assert "Non siamo riusciti ad avvisarti prima" in texts("expired")


def test_a_pharmacy_that_was_warned_reads_no_excuse(utenza, certified, context, san_marco, anna) -> None:
    choose(san_marco, Wishes([60], True), anna, MORNING)
    issuing.issue(utenza, context, MORNING)
    sending.send_due(DUE)
    sending.send_due(END)
    assert letters() == ["reminder", "expired"]
    assert "Non siamo riusciti" not in texts("expired")


def test_of_two_reminders_that_nobody_wrote_one_letter_comes(utenza, certified, context, san_marco, anna) -> None:
    choose(san_marco, Wishes([60, 30], False), anna, MORNING)
    issuing.issue(utenza, context, MORNING)
    sending.send_due(END + H)
    assert letters() == ["expired"]


def test_the_copy_says_the_same(utenza, certified, context, san_marco, anna) -> None:
    choose(san_marco, Wishes([60], False), anna, MORNING)
    copies_to("anna@example.org", san_marco, anna, MORNING)
    issuing.issue(utenza, context, MORNING)
    sending.send_due(END + H)
    assert letters() == ["expired", "expired"]
    copy = OutgoingMail.objects.get(kind="expired", recipient="anna@example.org")
    assert "Non siamo riusciti ad avvisarti prima" in unseal(copy.sealed_source).decode()


def test_who_wanted_nothing_who_has_a_new_one_and_who_revoked_it_is_told_nothing(
    utenza, certified, context, san_marco, anna
) -> None:
    choose(san_marco, Wishes([], False), anna, MORNING)
    issuing.issue(utenza, context, MORNING)
    sending.send_due(END + H)
    choose(san_marco, Wishes([60], False), anna, END + H)
    using.use(issuing.issue(utenza, context, END + H).id_sessione, END + H)
    issuing.issue(utenza, context, END + 16 * H)
    sending.send_due(END + 18 * H)
    assert letters() == []


def test_after_a_weekend_without_workers_the_pharmacy_is_told_once(row) -> None:
    sending.send_due(END + 62 * H)
    sending.send_due(END + 63 * H)
    assert letters() == ["expired"]


def test_after_three_days_it_is_old_news(row) -> None:
    sending.send_due(END + 73 * H)
    assert letters() == []
    assert Reminder.objects.get().skipped_because == Reminder.Skip.TOO_LATE


def test_a_letter_about_others_does_not_speak_of_an_id_that_is_over(
    utenza, certified, context, replacing, san_marco
) -> None:
    issuing.issue(utenza, context, MORNING)
    other = issuing.issue(make_utenza("UVANNA02", san_marco), context, MORNING + 20 * MIN).id_sessione
    sending.send_due(END + MIN)
    assert sorted(letters()) == ["expired", "reminder"]
    assert OutgoingMail.objects.get(kind="reminder").subject.startswith("ID SESSIONE ricetta SSN, scade alle 01:18")
    assert Reminder.objects.get(id_sessione=other).letter.kind == "reminder"


@pytest.mark.parametrize("notice", [True, False])
def test_a_reminder_that_a_relay_kept_until_the_end_is_made_good_once(
    notice, utenza, certified, context, san_marco, anna
) -> None:
    choose(san_marco, Wishes([60], notice), anna, MORNING)
    issuing.issue(utenza, context, MORNING)
    sending.send_due(DUE)
    OutgoingMail.objects.give_up(END)
    for minutes in range(3):
        sending.send_due(END + minutes * MIN)
    assert letters() == ["reminder", "expired"]
    assert "Non siamo riusciti ad avvisarti prima" in texts("expired")


def refuse(certified, now) -> None:
    certified.refresh_from_db()
    certified.undeliverable_at = now
    certified.save()


@pytest.mark.django_db(transaction=True)
def test_what_was_skipped_at_a_dead_mailbox_is_said_at_the_new_address(row, certified, san_marco, anna) -> None:
    refuse(certified, DUE - MIN)
    sending.send_due(DUE)
    assert Reminder.objects.get().skipped_because == Reminder.Skip.UNREACHABLE
    change_address(san_marco, anna, DUE + MIN)
    sending.send_due(DUE + 2 * MIN)
    assert OutgoingMail.objects.get(kind="reminder").recipient == "nuova@farmaciasanmarco.it"
    assert Reminder.objects.get().skipped_because == ""


def test_what_was_skipped_is_said_when_the_same_mailbox_works_again(row, certified, carla) -> None:
    refuse(certified, DUE - MIN)
    sending.send_due(DUE)
    assert certified.reachable_again(carla, "la casella è stata svuotata", DUE + MIN)
    sending.send_due(DUE + 2 * MIN)
    sending.send_due(DUE + 3 * MIN)
    assert letters() == ["reminder"]


def test_what_was_refused_at_a_dead_mailbox_is_said_at_the_new_address(row, certified, san_marco, anna) -> None:
    sending.send_due(DUE)
    OutgoingMail.objects.filter(kind="reminder").update(failed_at=DUE, last_answer="550 5.1.1 sconosciuto")
    refuse(certified, DUE)
    change_address(san_marco, anna, DUE + MIN)
    sending.send_due(DUE + 2 * MIN)
    sent = OutgoingMail.objects.filter(kind="reminder", failed_at=None)
    assert [letter.recipient for letter in sent] == ["nuova@farmaciasanmarco.it"]


def test_a_mailbox_that_stays_dead_is_not_written_to_again(row, certified) -> None:
    refuse(certified, DUE - MIN)
    for minutes in range(90):
        sending.send_due(DUE + minutes * MIN)
    assert letters() == []
    assert Reminder.objects.get().skipped_because == Reminder.Skip.UNREACHABLE


# --- a pending change of address


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="an embedded database lets one transaction write at a time"
)
def test_a_reminder_waits_for_a_change_of_address_that_is_under_way(row, san_marco, anna) -> None:
    with transaction.atomic():
        change_address(san_marco, anna, DUE)
        assert in_parallel([lambda: sending.send_due(DUE + MIN)]) == [0]
    assert sending.send_due(DUE + MIN) == 1
    assert OutgoingMail.objects.get(kind="reminder").recipient == "nuova@farmaciasanmarco.it"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="an embedded database lets one transaction write at a time"
)
def test_a_reminder_written_during_a_change_of_address_is_said_at_the_new_one(row, san_marco, anna) -> None:
    change = Thread(target=in_its_own_connection, args=[lambda: change_address(san_marco, anna, DUE + MIN)])
    with transaction.atomic():
        assert sending.send_due(DUE) == 1
        change.start()
        change.join(1)  # it waits until the letter is written
    change.join(20)
    sending.send_due(DUE + 2 * MIN)
    waiting = OutgoingMail.objects.waiting().filter(kind="reminder")
    assert [letter.recipient for letter in waiting] == ["nuova@farmaciasanmarco.it"]
