"""A waiting letter does not leave once its id is dead, or its address is no longer the pharmacy's."""

from datetime import timedelta

import pytest

from pharmacies.models import MailCertification
from pharmacies.models.codice_validazione import hash_of
from portal.outbox.models import OutgoingMail
from sessions.ids import issuing, resending, revealing, revoking, using
from sessions.models import IdSessione, Reminder
from sessions.reminders import sending
from sessions.utenze import life
from tests.conftest import make_pharmacy
from tests.sessions.conftest import MORNING, make_utenza

MINUTE = timedelta(minutes=1)


HOUR_BEFORE = MORNING + timedelta(hours=15)  # the reminder of this morning's id


def due(now, kind="issued") -> list[str]:
    return list(OutgoingMail.objects.due(now).filter(kind=kind).values_list("recipient", flat=True))


def test_a_revoked_id_takes_its_waiting_letter_with_it(certified, utenza, context, anna):
    issued = issuing.issue(utenza, context, MORNING)
    assert due(MORNING) == ["idsessione@farmaciasanmarco.it"]
    revoking.revoke(issued.id_sessione, anna, MORNING + MINUTE)
    assert due(MORNING + MINUTE) == []
    letter = OutgoingMail.objects.get(kind="issued")
    assert letter.sealed_source is None
    assert letter.outcome == "Ritirato: non serviva più"


def test_a_replaced_id_takes_its_waiting_letter_with_it(certified, utenza, context):
    issuing.issue(utenza, context, MORNING)
    issuing.issue(utenza, context, MORNING + MINUTE)
    assert len(due(MORNING + MINUTE)) == 1


def test_sending_again_does_not_leave_two_letters_waiting(certified, utenza, context, anna):
    issued = issuing.issue(utenza, context, MORNING)
    assert resending.resend(issued.id_sessione, anna, MORNING + 2 * MINUTE)
    assert len(due(MORNING + 2 * MINUTE)) == 1


def test_no_id_leaves_for_an_address_that_was_revoked(certified, utenza, context, anna):
    issuing.issue(utenza, context, MORNING)
    certified.revoke(anna, MORNING + MINUTE)
    assert due(MORNING + MINUTE) == []


def change_address(pharmacy, by, now) -> None:
    new = MailCertification.objects.create(
        pharmacy=pharmacy, address="nuova@farmaciasanmarco.it", address_key="nuova@farmaciasanmarco.it",
        requested_by=by, requested_at=now,
    )  # fmt: skip
    code, letter = "914203", OutgoingMail.objects.first()
    new.codes.create(
        code_hash=hash_of(new.pk, code), sent_at=now, expires_at=now + timedelta(minutes=15), letter=letter
    )
    assert new.confirm(code, by, "SPID livello 2", now)


def test_an_id_that_has_not_left_for_an_address_that_was_changed_leaves_for_the_new_one(
    certified, utenza, context, anna, san_marco
):
    issuing.issue(utenza, context, MORNING)
    change_address(san_marco, anna, MORNING + MINUTE)
    assert due(MORNING + MINUTE) == ["nuova@farmaciasanmarco.it"]


def test_the_reminder_of_a_revoked_id_does_not_leave(certified, utenza, context, anna):
    row = issuing.issue(utenza, context, MORNING).id_sessione
    sending.send_due(HOUR_BEFORE)
    assert due(HOUR_BEFORE, "reminder") == ["idsessione@farmaciasanmarco.it"]
    revoking.revoke(row, anna, HOUR_BEFORE + MINUTE)
    assert due(HOUR_BEFORE + MINUTE, "reminder") == []


def test_the_reminder_of_an_id_that_was_replaced_does_not_leave(certified, utenza, context):
    using.use(issuing.issue(utenza, context, MORNING).id_sessione, MORNING)
    sending.send_due(HOUR_BEFORE)
    new = issuing.issue(utenza, context, HOUR_BEFORE + MINUTE).id_sessione
    assert due(HOUR_BEFORE + MINUTE, "reminder")  # the old id counts until the new one is used
    using.use(new, HOUR_BEFORE + 2 * MINUTE)
    assert due(HOUR_BEFORE + 2 * MINUTE, "reminder") == []


def test_the_reminders_of_an_utenza_that_was_closed_do_not_leave(certified, utenza, context, anna):
    issuing.issue(utenza, context, MORNING)
    sending.send_due(HOUR_BEFORE)
    life.disable(utenza, anna, HOUR_BEFORE + MINUTE)
    assert due(HOUR_BEFORE + MINUTE, "reminder") == []


def test_no_reminder_leaves_for_an_address_that_was_revoked(certified, utenza, context, anna):
    issuing.issue(utenza, context, MORNING)
    sending.send_due(HOUR_BEFORE)
    certified.revoke(anna, HOUR_BEFORE + MINUTE)
    sending.send_due(HOUR_BEFORE + MINUTE)
    assert due(HOUR_BEFORE + MINUTE, "reminder") == []
    assert Reminder.objects.get().skipped_because == Reminder.Skip.REVOKED


def test_a_reminder_that_waits_for_an_address_that_was_changed_is_said_to_the_new_one(
    certified, utenza, context, anna, san_marco
):
    issuing.issue(utenza, context, MORNING)
    sending.send_due(HOUR_BEFORE)
    change_address(san_marco, anna, HOUR_BEFORE + MINUTE)
    sending.send_due(HOUR_BEFORE + MINUTE)
    assert due(HOUR_BEFORE + MINUTE, "reminder") == ["nuova@farmaciasanmarco.it"]


@pytest.fixture
def together(certified, utenza, context, bruno, al_redentore) -> list[IdSessione]:
    """Anna's id and Bruno's in one waiting letter: their pharmacies share a mailbox."""
    MailCertification.objects.create(
        pharmacy=al_redentore, address=certified.address, address_key=certified.address_key, requested_by=bruno,
        requested_at=MORNING, certified_at=MORNING, certified_by=bruno,
    )  # fmt: skip
    rows = [issuing.issue(owner, context, MORNING).id_sessione for owner in (utenza, make_utenza("UVB", al_redentore))]
    sending.send_due(HOUR_BEFORE)
    assert len(due(HOUR_BEFORE, "reminder")) == 1
    return rows


def test_a_letter_about_two_ids_leaves_until_both_are_dead(together, anna, bruno):
    revoking.revoke(together[0], anna, HOUR_BEFORE + MINUTE)
    assert due(HOUR_BEFORE + MINUTE, "reminder")
    revoking.revoke(together[1], bruno, HOUR_BEFORE + 2 * MINUTE)
    assert due(HOUR_BEFORE + 2 * MINUTE, "reminder") == []


def test_a_letter_to_a_shared_mailbox_leaves_until_no_pharmacy_reads_it_there(together, certified, anna, bruno):
    certified.revoke(anna, HOUR_BEFORE + MINUTE)
    assert due(HOUR_BEFORE + MINUTE, "reminder")
    MailCertification.objects.current().get().revoke(bruno, HOUR_BEFORE + 2 * MINUTE)
    assert due(HOUR_BEFORE + 2 * MINUTE, "reminder") == []


@pytest.mark.parametrize(("arrived", "letters"), [(True, 0), (False, 1)])
def test_only_a_renewal_that_arrived_silences_the_reminder(certified, utenza, context, arrived, letters):
    in_use = issuing.issue(utenza, context, MORNING).id_sessione
    using.use(in_use, MORNING + MINUTE)
    renewal = issuing.issue(utenza, context, MORNING + timedelta(hours=14)).id_sessione
    outcome = {"accepted_at" if arrived else "failed_at": MORNING + timedelta(hours=14)}
    OutgoingMail.objects.filter(pk=renewal.letter_id).update(**outcome)
    sending.send_due(MORNING + timedelta(hours=15, minutes=1))
    assert OutgoingMail.objects.filter(kind="reminder").count() == letters
    assert Reminder.objects.get(id_sessione=in_use).settled_at is not None


def test_an_id_is_not_sent_nor_shown_by_who_no_longer_has_its_utenza(certified, utenza, context, anna):
    issued = issuing.issue(utenza, context, MORNING)
    other = make_pharmacy("1999", "Altra")
    MailCertification.objects.create(
        pharmacy=other, address="altra@example.org", address_key="altra@example.org", requested_by=anna,
        requested_at=MORNING, certified_at=MORNING, certified_by=anna,
    )  # fmt: skip
    utenza.pharmacy = other
    utenza.save()
    assert resending.resend(issued.id_sessione, anna, MORNING + 2 * MINUTE) is False
    assert revealing.reveal(issued.id_sessione, anna, MORNING + 2 * MINUTE) is None


def test_the_gestionale_does_not_use_up_the_requests_of_the_person(certified, utenza, context, anna, san_marco):
    for number in range(issuing.REQUESTS_AN_HOUR):
        issuing.issue(make_utenza(f"UV{number}", san_marco), context, MORNING)
    assert issuing.request(utenza, context, MORNING + MINUTE, anna).issued is not None
