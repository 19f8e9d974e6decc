"""A letter that still waits does not leave once what it carries is dead, or its address is no longer the pharmacy's."""

from datetime import timedelta

import pytest

from pharmacies.models import MailCertification
from pharmacies.models.codice_validazione import hash_of
from portal.outbox.models import OutgoingMail
from sessions import issuing, reminders
from sessions.models import Reminder
from tests.conftest import make_pharmacy
from tests.sessions.conftest import MORNING, make_utenza

MINUTE = timedelta(minutes=1)


def due(now) -> list[str]:
    return list(OutgoingMail.objects.due(now).filter(kind="issued").values_list("recipient", flat=True))


def test_a_revoked_id_takes_its_waiting_letter_with_it(certified, utenza, context, anna):
    issued = issuing.issue(utenza, context, MORNING)
    assert due(MORNING) == ["idsessione@farmaciasanmarco.it"]
    issuing.revoke(issued.id_sessione, anna, MORNING + MINUTE)
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
    assert issuing.resend(issued.id_sessione, anna, MORNING + 2 * MINUTE)
    assert len(due(MORNING + 2 * MINUTE)) == 1


def test_no_id_leaves_for_an_address_that_was_revoked(certified, utenza, context, anna):
    issuing.issue(utenza, context, MORNING)
    certified.revoke(anna, MORNING + MINUTE)
    assert due(MORNING + MINUTE) == []


def test_no_id_leaves_for_an_address_that_was_changed(certified, utenza, context, anna, san_marco):
    issuing.issue(utenza, context, MORNING)
    new = MailCertification.objects.create(
        pharmacy=san_marco, address="nuova@farmaciasanmarco.it", address_key="nuova@farmaciasanmarco.it",
        requested_by=anna, requested_at=MORNING,
    )  # fmt: skip
    code = "914203"
    letter = OutgoingMail.objects.first()
    new.codes.create(
        code_hash=hash_of(new.pk, code), sent_at=MORNING, expires_at=MORNING + timedelta(minutes=15), letter=letter
    )
    assert new.confirm(code, anna, "SPID livello 2", MORNING + MINUTE)
    assert due(MORNING + MINUTE) == []


@pytest.mark.parametrize(("arrived", "letters"), [(True, 0), (False, 1)])
def test_only_a_renewal_that_arrived_silences_the_reminder(certified, utenza, context, arrived, letters):
    in_use = issuing.issue(utenza, context, MORNING).id_sessione
    issuing.use(in_use, MORNING + MINUTE)
    renewal = issuing.issue(utenza, context, MORNING + timedelta(hours=14)).id_sessione
    outcome = {"accepted_at" if arrived else "failed_at": MORNING + timedelta(hours=14)}
    OutgoingMail.objects.filter(pk=renewal.letter_id).update(**outcome)
    reminders.send_due(MORNING + timedelta(hours=15, minutes=1))
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
    assert issuing.resend(issued.id_sessione, anna, MORNING + 2 * MINUTE) is False
    assert issuing.reveal(issued.id_sessione, anna, MORNING + 2 * MINUTE) is None


def test_the_gestionale_does_not_use_up_the_requests_of_the_person(certified, utenza, context, anna, san_marco):
    for number in range(issuing.REQUESTS_AN_HOUR):
        issuing.issue(make_utenza(f"UV{number}", san_marco), context, MORNING)
    assert issuing.request(utenza, context, MORNING + MINUTE, anna).issued is not None
