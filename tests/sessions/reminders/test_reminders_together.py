"""A mailbox of several pharmacies gets one letter for all; a titolare who wants a copy gets one."""

from datetime import timedelta
from functools import partial

import pytest

from pharmacies.models import MailCertification, Utenza
from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from sessions.ids import issuing, using
from sessions.letters import id_letters
from sessions.models import Reminder, ReminderSettings
from sessions.reminders import sending
from tests.parallel import in_parallel
from tests.pharmacies.copy_mailboxes import copies_to
from tests.sessions.conftest import MORNING, make_utenza

H, MIN = timedelta(hours=1), timedelta(minutes=1)
END = MORNING + 16 * H


def letters() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind__in=["reminder", "expired"]).order_by("pk"))


def body(letter: OutgoingMail) -> str:
    source = unseal(letter.sealed_source).decode().replace("=\n", "")
    return source.split("Content-Type: text/html")[0]


@pytest.fixture
def shared(bruno, al_redentore, certified) -> MailCertification:
    """Bruno's pharmacy uses Anna's mailbox, in another spelling."""
    return MailCertification.objects.create(
        pharmacy=al_redentore, address="IdSessione@farmaciasanmarco.it", address_key=certified.address_key,
        requested_by=bruno, requested_at=MORNING - H, certified_at=MORNING - H, certified_by=bruno,
    )  # fmt: skip


@pytest.fixture
def bruno_utenza(al_redentore, shared) -> Utenza:
    return make_utenza("UVBRUNO1", al_redentore)


def test_one_letter_names_each_pharmacy_and_each_id(utenza, bruno_utenza, context) -> None:
    anna_id = issuing.issue(utenza, context, MORNING).id_sessione
    other = issuing.issue(bruno_utenza, context, MORNING + 10 * MIN).id_sessione
    assert sending.send_due(END - H) == 1
    (letter,) = letters()
    assert letter.subject == "2 ID SESSIONE in scadenza, il primo alle 00:58 di martedì – 2 farmacie"
    said = body(letter)
    for row, name, hour in ((anna_id, "Farmacia San Marco", "00:58"), (other, "Farmacia Al Redentore", "01:08")):
        assert name in said
        assert f"finisce con {row.last4} scade\nalle {hour}" in said
        assert f"/servizi/{row.pharmacy.code}/id-sessione/?utenza=3D{row.utenza_id}" in said
    assert letter.give_up_at == END
    assert {reminder.letter_id for reminder in Reminder.objects.all()} == {letter.pk}
    assert sending.send_due(END - 50 * MIN) == 0


def test_ids_that_end_far_from_each_other_have_their_own_letters(utenza, bruno_utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    issuing.issue(bruno_utenza, context, MORNING + 40 * MIN)
    sending.send_due(END - H)
    sending.send_due(END - 20 * MIN)
    assert [letter.subject.rpartition("–")[2].strip() for letter in letters()] == [
        "Farmacia San Marco", "Farmacia Al Redentore",
    ]  # fmt: skip


def test_another_mailbox_has_its_own_letter(utenza, bruno_utenza, shared, context) -> None:
    MailCertification.objects.filter(pk=shared.pk).update(address="id@alredentore.it", address_key="id@alredentore.it")
    issuing.issue(utenza, context, MORNING)
    issuing.issue(bruno_utenza, context, MORNING)
    sending.send_due(END - H)
    assert {letter.recipient for letter in letters()} == {"idsessione@farmaciasanmarco.it", "id@alredentore.it"}


def test_an_id_already_renewed_is_not_named(utenza, bruno_utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    old = issuing.issue(bruno_utenza, context, MORNING + MIN).id_sessione
    using.use(old, MORNING + 2 * MIN)
    issuing.issue(bruno_utenza, context, END - 3 * H)
    sending.send_due(END - H + MIN)
    (letter,) = letters()
    assert letter.subject.endswith("Farmacia San Marco")


def test_two_letters_due_about_the_other_id_are_one_line(utenza, bruno_utenza, al_redentore, context) -> None:
    ReminderSettings.objects.create(pharmacy=al_redentore, minutes_before=[60, 30])
    issuing.issue(utenza, context, MORNING)
    issuing.issue(bruno_utenza, context, MORNING)
    sending.send_due(END - 20 * MIN)
    assert len(letters()) == 1
    assert sending.send_due(END - 15 * MIN) == 0
    assert list(Reminder.objects.filter(letter=None).values_list("minutes_before", "skipped_because")) == [
        (60, "overtaken")
    ]


def test_one_that_cannot_be_written_does_not_hold_back_the_others(utenza, bruno_utenza, context, caplog) -> None:
    issuing.issue(utenza, context, MORNING)
    issuing.issue(bruno_utenza, context, MORNING + MIN)
    MailCertification.objects.filter(pharmacy=bruno_utenza.pharmacy).update(address="")  # its own letter goes nowhere
    copies_to("nobody\n@example.it", bruno_utenza.pharmacy, None, MORNING)
    sending.send_due(END - H)
    assert [letter.subject.rpartition("–")[2].strip() for letter in letters()] == ["Farmacia San Marco"]
    assert "tried again later" in caplog.text


def test_the_titolare_who_wants_a_copy_gets_one_about_the_own_pharmacy_only(
    utenza, bruno_utenza, san_marco, context
) -> None:
    copies_to("anna@example.it", san_marco, None, MORNING)
    issuing.issue(utenza, context, MORNING)
    issuing.issue(bruno_utenza, context, MORNING)
    sending.send_due(END - H)
    copy, whole = sorted(letters(), key=lambda letter: letter.recipient)
    assert (copy.recipient, whole.recipient) == ("anna@example.it", "idsessione@farmaciasanmarco.it")
    assert "Al Redentore" in body(whole)
    assert "Al Redentore" not in body(copy)
    assert "in copia, su richiesta di una persona della farmacia" in body(copy)
    assert Reminder.objects.first().letter_id == whole.pk


def test_a_notice_that_waits_for_monday_is_not_given_up_before_it_leaves(utenza, certified, context) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    monday = END + 40 * H
    Reminder.objects.create(id_sessione=row, pharmacy=row.pharmacy, minutes_before=0, due_at=monday)
    sending.send_due(monday)
    assert [letter.kind for letter in letters()] == ["expired"]
    assert letters()[0].give_up_at == monday + id_letters.NOTICE_USEFUL_FOR
    assert "lo hai chiesto" not in body(letters()[0])  # its own notice, not a choice of the titolare


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_still_write_one_letter(utenza, bruno_utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    issuing.issue(bruno_utenza, context, MORNING)
    at = END - H
    in_parallel([partial(sending.send_due, at, 1) for _ in range(4)])
    while sending.send_due(at):  # reminders locked by another worker follow in the next round
        pass
    assert len(letters()) == 1
    assert not Reminder.objects.filter(settled_at=None).exists()
