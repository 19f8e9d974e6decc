"""The copy of a reminder leaves with it, once, for a mailbox chosen by a current titolare."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.urls import reverse

from pharmacies.addresses.examination import examine
from pharmacies.copies import mailboxes
from pharmacies.models import MailCertification, Office
from portal.journal.models import Entry
from portal.outbox import marking
from portal.outbox.hooks import forbidding
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from sessions.ids import issuing, revoking
from sessions.models import IdSessione, Reminder, ReminderCopy
from sessions.reminders import planning, sending
from sessions.reminders.planning import Wishes
from tests.conftest import ANNA, make_titolare
from tests.outbox.conftest import sink  # noqa: F401  a mail server
from tests.outbox.mailboxes import DEAD
from tests.parallel import in_parallel
from tests.pharmacies.copy_mailboxes import addresses, copies_to
from tests.pharmacies.letters import last_code, letters, parts_of, text_of
from tests.sessions.conftest import MORNING

MINUTE = timedelta(minutes=1)
HOUR_BEFORE = MORNING + timedelta(hours=15)
COPY, NEW = "anna@example.it", "nuova@farmaciasanmarco.it"


def choose(pharmacy, by, copy_to=COPY, now=MORNING) -> None:
    planning.choose(pharmacy, Wishes([60], False), by, now)
    copies_to(copy_to, pharmacy, by, now)


def change_address(pharmacy, by, now) -> None:
    examined = examine(NEW, check_mx=False)
    certification = MailCertification.objects.begin_and_send(pharmacy, examined, by, now)
    assert certification.confirm(last_code(NEW), by, "SPID livello 2", now)


@pytest.fixture
def row(certified, utenza, context, anna, san_marco) -> IdSessione:
    """An id whose reminder waits to leave together with its copy."""
    choose(san_marco, anna)
    row = issuing.issue(utenza, context, MORNING).id_sessione
    sending.send_due(HOUR_BEFORE)
    assert [letter.is_waiting for letter in letters("reminder")] == [True, True]
    return row


def the_copies() -> list[OutgoingMail]:
    return letters("reminder", COPY)


def test_a_copy_is_withdrawn_with_its_reminder(row, anna):
    revoking.revoke(row, anna, HOUR_BEFORE)
    assert all(letter.withdrawn_at for letter in letters("reminder"))


@pytest.mark.parametrize("left", [True, False])
def test_a_change_of_address_makes_no_second_copy(row, san_marco, anna, left):
    if left:
        the_copies()[0].accept(HOUR_BEFORE, "250 Ok")
    change_address(san_marco, anna, HOUR_BEFORE + MINUTE)
    sending.send_due(HOUR_BEFORE + MINUTE)
    (copy,) = the_copies()
    assert copy.is_waiting != left
    assert forbidding.forbidden([copy], HOUR_BEFORE + MINUTE) == set()
    assert len(letters("reminder", NEW)) == 1
    assert ReminderCopy.objects.get().letter == copy


def leave_the_office(pharmacy, at) -> None:
    Office.objects.filter(pharmacy=pharmacy, codice_fiscale=ANNA).update(until=at)


def test_no_copy_goes_to_the_mailbox_of_a_titolare_who_has_left_the_pharmacy_without_a_holder(row, san_marco, settings):
    (copy,) = the_copies()
    assert forbidding.forbidden([copy], HOUR_BEFORE) == set()
    leave_the_office(san_marco, HOUR_BEFORE)
    assert forbidding.forbidden([copy], HOUR_BEFORE + MINUTE) == set()
    leave_the_office(san_marco, HOUR_BEFORE - settings.SUCCESSION_FOR)
    assert forbidding.forbidden([copy], HOUR_BEFORE + MINUTE) == {copy.pk}
    ReminderCopy.objects.all().delete()
    Reminder.objects.update(settled_at=None, letter=None)
    sending.send_due(HOUR_BEFORE + MINUTE)
    assert len(the_copies()) == 1


def test_a_copy_of_a_former_titolare_passes_to_another_holder(row, san_marco, bruno, settings):
    leave_the_office(san_marco, HOUR_BEFORE - settings.SUCCESSION_FOR)
    assert addresses([san_marco.pk], HOUR_BEFORE) == {}
    make_titolare(bruno, san_marco)
    assert addresses([san_marco.pk], HOUR_BEFORE) == {san_marco.pk: COPY}


def test_a_copy_of_an_unknown_hand_goes_as_long_as_there_is_a_holder(certified, utenza, context, san_marco, settings):
    copies_to(COPY, san_marco, None, MORNING)
    issuing.issue(utenza, context, MORNING)
    leave_the_office(san_marco, HOUR_BEFORE + MINUTE - settings.SUCCESSION_FOR)
    assert addresses([san_marco.pk], HOUR_BEFORE) == {san_marco.pk: COPY}
    assert addresses([san_marco.pk], HOUR_BEFORE + MINUTE) == {}


def test_a_copy_to_an_address_that_was_changed_meanwhile_does_not_leave(row, san_marco, anna):
    choose(san_marco, anna, "altra@example.it", HOUR_BEFORE)
    (copy,) = the_copies()
    assert forbidding.forbidden([copy], HOUR_BEFORE) == {copy.pk}
    assert not copy.retry(HOUR_BEFORE)


def test_the_certified_mailbox_in_another_spelling_gets_no_copy(certified, utenza, context, san_marco, anna):
    choose(san_marco, anna, "IdSessione+copia@farmaciasanmarco.it")
    issuing.issue(utenza, context, MORNING)
    sending.send_due(HOUR_BEFORE)
    assert len(letters("reminder")) == 1


def test_an_address_that_was_named_again_outlives_the_refusal_of_an_older_letter(row, san_marco, anna):
    choose(san_marco, anna, "", HOUR_BEFORE + MINUTE)
    choose(san_marco, anna, COPY, HOUR_BEFORE + MINUTE)
    mailboxes.mailbox_refused(the_copies()[0], "casella inesistente", HOUR_BEFORE + 2 * MINUTE)
    assert addresses([san_marco.pk], HOUR_BEFORE + MINUTE) == {san_marco.pk: COPY}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_refusal_does_not_wipe_an_address_that_is_named_at_the_same_instant(row, san_marco, anna):
    (copy,) = the_copies()
    refused = partial(mailboxes.mailbox_refused, copy, "casella inesistente", HOUR_BEFORE)
    in_parallel([refused, partial(choose, san_marco, anna, "altra@example.it", HOUR_BEFORE)])
    assert addresses([san_marco.pk], HOUR_BEFORE) == {san_marco.pk: "altra@example.it"}


def test_a_titolare_reads_why_no_copy_goes(anna_client, certified, san_marco, anna, bruno):
    choose(san_marco, bruno)  # a person without an office here
    page = anna_client.get(reverse("pharmacies:copies", args=[san_marco.code])).content.decode()
    assert "an•••@example.it" in page
    assert "la persona non opera più per la farmacia" in page
    assert COPY not in page


def test_a_refused_mailbox_of_two_pharmacies_is_given_up_by_both_and_each_reads_of_its_own(
    row, san_marco, al_redentore, anna, bruno
):
    change_address(al_redentore, bruno, MORNING)  # its certified address is NEW
    choose(al_redentore, bruno, COPY.upper())
    mailboxes.mailbox_refused(the_copies()[0], "casella inesistente", HOUR_BEFORE + MINUTE)
    assert addresses([san_marco.pk, al_redentore.pk], HOUR_BEFORE) == {}
    ended = {letter.recipient: letter for letter in OutgoingMail.objects.filter(created_at=HOUR_BEFORE + MINUTE)}
    assert {recipient: letter.about for recipient, letter in ended.items()} == {
        "idsessione@farmaciasanmarco.it": san_marco.code,
        NEW: al_redentore.code,
    }
    assert "Al Redentore" in text_of(ended[NEW])
    assert "San Marco" not in "".join(parts_of(ended[NEW]))


@pytest.fixture
def ended_with_another(row, sink, settings):  # noqa: F811
    """The copy's mailbox is found dead; then a second one of its domain within the hour, which is too many."""
    settings.DEAD_MAILBOXES_OF_A_DOMAIN = 1
    sink.at_rcpt.update({COPY: [DEAD], "altri@example.it": [DEAD]})
    deliver_due(HOUR_BEFORE)

    def second(at=HOUR_BEFORE + MINUTE) -> None:
        with transaction.atomic():
            about = {"pharmacy": row.pharmacy, "title": "Prova", "address": COPY}
            envelope = Envelope(OutgoingMail.Kind.NOTICE, "1877", at, at + 60 * MINUTE)
            post(envelope, "altri@example.it", "copy", about)
        deliver_due(at)

    return second


def test_a_brake_gives_the_copies_back(ended_with_another, san_marco):
    assert addresses([san_marco.pk], HOUR_BEFORE) == {}
    ended_with_another()
    assert addresses([san_marco.pk], HOUR_BEFORE) == {san_marco.pk: COPY}
    (letter,) = OutgoingMail.objects.filter(subject__startswith="La copia dei promemoria riprende")
    assert (letter.recipient, letter.about) == ("idsessione@farmaciasanmarco.it", san_marco.code)
    assert Entry.objects.get(verb="copy.resumed").detail["address"] == "an•••@example.it"
    assert marking.confirm("example.it", HOUR_BEFORE + 2 * MINUTE) == 2  # the operator says that they are dead
    assert addresses([san_marco.pk], HOUR_BEFORE) == {}


def test_the_certified_address_reads_why_copies_resume(row, san_marco):
    (copy,) = the_copies()
    mailboxes.mailbox_refused(copy, "casella inesistente", HOUR_BEFORE)
    mailboxes.refusal_taken_back(copy, HOUR_BEFORE, HOUR_BEFORE + MINUTE)
    (letter,) = OutgoingMail.objects.filter(subject__startswith="La copia dei promemoria riprende")
    for part in parts_of(letter):
        assert COPY in part
        assert "la casella aveva rifiutato un messaggio, ma insieme a troppe altre" in " ".join(part.split())


def test_an_hour_later_the_copies_stay_ended(ended_with_another, san_marco):
    ended_with_another(HOUR_BEFORE + 61 * MINUTE)
    assert addresses([san_marco.pk], HOUR_BEFORE) == {}


@pytest.mark.parametrize("chosen", ["", "altra@example.it"])
def test_a_brake_changes_no_later_choice(ended_with_another, san_marco, anna, chosen):
    choose(san_marco, anna, chosen, HOUR_BEFORE + MINUTE)
    ended_with_another()
    assert addresses([san_marco.pk], HOUR_BEFORE) == ({san_marco.pk: chosen} if chosen else {})
    assert not Entry.objects.filter(verb="copy.resumed").exists()


def test_a_brake_gives_no_copy_to_a_titolare_who_left_long_ago(ended_with_another, san_marco, settings):
    leave_the_office(san_marco, HOUR_BEFORE - settings.SUCCESSION_FOR)
    ended_with_another()
    assert addresses([san_marco.pk], HOUR_BEFORE) == {}
    assert not OutgoingMail.objects.filter(subject__startswith="La copia dei promemoria riprende").exists()


def test_an_address_that_is_typed_again_after_a_refusal_gets_copies(row, san_marco, anna):
    mailboxes.mailbox_refused(the_copies()[0], "casella inesistente", HOUR_BEFORE)
    assert addresses([san_marco.pk], HOUR_BEFORE) == {}
    choose(san_marco, anna, COPY, HOUR_BEFORE + MINUTE)
    assert addresses([san_marco.pk], HOUR_BEFORE + MINUTE) == {san_marco.pk: COPY}
