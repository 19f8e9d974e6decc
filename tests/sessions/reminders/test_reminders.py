"""Reminders: the right letter, once, at the right moment, or a recorded reason for none."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command

from pharmacies.models import MailCertification
from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from sessions.ids import issuing, revoking, using
from sessions.models import Reminder, ReminderSettings
from sessions.reminders import sending
from sessions.reminders.planning import Wishes, choose
from tests.sessions.conftest import MORNING, make_utenza

H, MIN = timedelta(hours=1), timedelta(minutes=1)
END = MORNING + 16 * H


def letters() -> list[str]:
    return list(
        OutgoingMail.objects.filter(kind__in=["reminder", "expired"]).order_by("pk").values_list("kind", flat=True)
    )


def reasons() -> list[str]:
    return list(Reminder.objects.order_by("due_at").values_list("skipped_because", flat=True))


def tick(now: datetime) -> list[str]:
    sending.send_due(now)
    return letters()


@pytest.fixture
def talkative(san_marco) -> ReminderSettings:
    """120 and 30 minutes before, and when it has expired."""
    return ReminderSettings.objects.create(pharmacy=san_marco, minutes_before=[120, 30], tell_when_expired=True)


def test_by_default_one_letter_leaves_an_hour_before_the_end(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    assert tick(END - H - timedelta(seconds=1)) == []
    assert tick(END - H) == ["reminder"]
    assert tick(END + 5 * H) == ["reminder"]


def test_a_pharmacy_that_wants_three_letters_gets_each_once(utenza, certified, context, talkative) -> None:
    issuing.issue(utenza, context, MORNING)
    at = MORNING
    while at < END + 3 * H:
        tick(at)
        tick(at)
        at += 10 * MIN
    assert letters() == ["reminder", "reminder", "expired"]


def test_the_letter_says_which_id_until_when_and_where_to_renew_but_never_the_id(utenza, certified, context) -> None:
    issued = issuing.issue(utenza, context, MORNING)
    tick(END - H)
    letter = OutgoingMail.objects.get(kind="reminder")
    source = unseal(letter.sealed_source).decode()
    assert letter.recipient == certified.address
    assert letter.subject == "ID SESSIONE ricetta SSN, scade alle 00:58 di martedì – Farmacia San Marco"
    assert f"finisce con {issued.plain[-4:]} scade" in source
    assert "alle 00:58 di marted=C3=AC 24 novembre 2026 (ora italiana)" in source
    assert "/servizi/4512/id-sessione/" in source
    assert issued.plain not in source
    assert letter.give_up_at == END


@pytest.mark.parametrize(
    "evening", [datetime(2027, 3, 27, 19, 0, tzinfo=UTC), datetime(2026, 10, 24, 18, 0, tzinfo=UTC)]
)
def test_the_hour_before_is_a_real_hour_when_the_clock_changes(evening, utenza, certified, context) -> None:
    issuing.issue(utenza, context, evening)
    assert tick(evening + 15 * H - timedelta(seconds=1)) == []
    assert tick(evening + 15 * H) == ["reminder"]


def test_an_id_that_was_replaced_is_not_reminded(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    issuing.issue(utenza, context, END - 2 * H)
    assert tick(END - H) == []
    assert reasons() == ["replaced", ""]


def test_an_id_in_use_that_was_already_renewed_is_not_reminded(utenza, certified, context) -> None:
    using.use(issuing.issue(utenza, context, MORNING).id_sessione, MORNING)
    issuing.issue(utenza, context, END - 2 * H)
    assert tick(END - H) == []
    assert reasons() == ["renewed", ""]


def test_a_renewal_that_was_revoked_counts_for_nothing(anna, utenza, certified, context) -> None:
    using.use(issuing.issue(utenza, context, MORNING).id_sessione, MORNING)
    renewal = issuing.issue(utenza, context, END - 3 * H).id_sessione
    revoking.revoke(renewal, anna, END - 2 * H)
    assert tick(END - H) == ["reminder"]


def test_a_revoked_id_is_not_reminded(anna, utenza, certified, context, talkative) -> None:
    revoking.revoke(issuing.issue(utenza, context, MORNING).id_sessione, anna, MORNING + H)
    assert tick(END + H) == []
    assert reasons() == ["revoked", "revoked", "revoked"]


def test_an_id_whose_utenza_was_disabled_is_not_reminded(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    utenza.disabled_at = MORNING + H
    utenza.save()
    assert tick(END - H) == []
    assert reasons() == ["revoked"]


def test_a_worker_that_wakes_up_late_writes_one_letter_not_two(utenza, certified, context, talkative) -> None:
    issuing.issue(utenza, context, MORNING)
    assert tick(END - 10 * MIN) == ["reminder"]
    assert reasons()[:2] == ["overtaken", ""]


def test_a_worker_that_wakes_up_after_the_end_says_that_it_has_expired(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    assert tick(END) == ["expired"]
    assert reasons() == [""]


def test_that_it_has_expired_is_not_told_on_the_next_day(utenza, certified, context, talkative) -> None:
    issuing.issue(utenza, context, MORNING)
    assert tick(END + 13 * H) == []
    assert reasons() == ["too late"] * 3


def test_that_it_has_expired_is_not_told_to_who_has_a_new_one(utenza, certified, context, talkative) -> None:
    using.use(issuing.issue(utenza, context, MORNING).id_sessione, MORNING)
    issuing.issue(utenza, context, END - MIN)
    tick(END + MIN)
    assert letters() == []


def test_the_letter_goes_to_the_address_certified_now(anna, san_marco, utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    MailCertification.objects.update(replaced_at=MORNING + H)
    MailCertification.objects.create(
        pharmacy=san_marco, address="nuova@farmaciasanmarco.it", address_key="nuova@farmaciasanmarco.it",
        requested_by=anna, requested_at=MORNING, certified_at=MORNING + H, certified_by=anna,
    )  # fmt: skip
    tick(END - H)
    assert OutgoingMail.objects.get(kind="reminder").recipient == "nuova@farmaciasanmarco.it"


def test_an_address_that_refuses_mail_is_not_written_to(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    certified.undeliverable_at = MORNING + H
    certified.save()
    assert tick(END - H) == []
    assert reasons() == ["unreachable"]


def test_moments_already_past_are_not_planned(utenza, certified, context, san_marco) -> None:
    ReminderSettings.objects.create(pharmacy=san_marco, minutes_before=[24 * 60, 30])
    issuing.issue(utenza, context, MORNING)
    assert list(Reminder.objects.values_list("minutes_before", flat=True)) == [30]


def test_new_preferences_hold_for_the_ids_already_live(anna, utenza, certified, context, san_marco) -> None:
    issuing.issue(utenza, context, MORNING)
    choose(san_marco, Wishes([30, 15], True), anna, MORNING + H)
    assert [END - due for due in Reminder.objects.order_by("due_at").values_list("due_at", flat=True)] == [
        30 * MIN, 15 * MIN, 0 * MIN,
    ]  # fmt: skip
    assert tick(END - H) == []
    assert tick(END - 30 * MIN) == ["reminder"]


def test_choosing_again_what_was_already_said_does_not_say_it_twice(
    anna, utenza, certified, context, san_marco
) -> None:
    issuing.issue(utenza, context, MORNING)
    assert tick(END - H) == ["reminder"]
    choose(san_marco, Wishes([], False), anna, END - H)
    choose(san_marco, Wishes([60], False), anna, END - H)
    assert tick(END - 59 * MIN) == ["reminder"]


def test_a_pharmacy_that_wants_nothing_gets_nothing(anna, utenza, certified, context, san_marco) -> None:
    issuing.issue(utenza, context, MORNING)
    choose(san_marco, Wishes([], False), anna, MORNING)
    assert tick(END) == []
    assert not Reminder.objects.exists()


def test_one_reminder_that_fails_does_not_stop_the_others(
    bruno, al_redentore, utenza, certified, context, caplog
) -> None:
    bruno_utenza = make_utenza("UVBRUNO1", al_redentore)
    at = MORNING - H
    nowhere = MailCertification.objects.create(
        pharmacy=al_redentore, address="id@alredentore.it", address_key="id@alredentore.it", requested_by=bruno,
        requested_at=at, certified_at=at, certified_by=bruno,
    )  # fmt: skip
    broken = issuing.issue(bruno_utenza, context, MORNING - MIN).id_sessione
    issuing.issue(utenza, context, MORNING)
    MailCertification.objects.filter(pk=nowhere.pk).update(address="")  # without an address there is no letter
    assert tick(END - H) == ["reminder"]
    assert "tried again later" in caplog.text
    assert broken.last4 not in caplog.text
    MailCertification.objects.filter(pk=nowhere.pk).update(address="id@alredentore.it")
    assert tick(END - H + MIN) == ["reminder"]
    assert tick(END - H + 5 * MIN) == ["reminder", "reminder"]


def test_the_command_does_what_the_timetable_does(utenza, certified, context, capsys) -> None:
    issuing.issue(utenza, context, MORNING)
    with time_machine.travel(END - H, tick=False):
        call_command("send_due_reminders")
        call_command("send_due_reminders")
    assert letters() == ["reminder"]
    assert capsys.readouterr().out == "Reminders settled: 1.\nReminders settled: 0.\n"


def test_a_batch_settles_no_more_than_its_limit_and_the_rest_follows(utenza, certified, context, talkative) -> None:
    issuing.issue(utenza, context, MORNING)
    assert sending.send_due(END + H, limit=2) == 2
    assert sending.send_due(END + H, limit=2) == 1
    assert sending.send_due(END + H, limit=2) == 0
