"""The letter with an id goes to the currently certified address while the id lives; its text is deleted when either ends."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pharmacies.addresses.examination import examine
from pharmacies.models import MailCertification
from portal.journal.models import Entry
from portal.outbox.hooks import forbidding
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from sessions.ids import forgetting, issuing, resending, revoking
from sessions.models import IdSessione, Reminder
from sessions.reminders import sending
from tests.outbox.conftest import sink  # noqa: F401  the fixture
from tests.pharmacies.letters import last_code, text_of
from tests.sessions.conftest import MORNING

MINUTE = timedelta(minutes=1)
OLD, NEW = "idsessione@farmaciasanmarco.it", "nuova@farmaciasanmarco.it"
FULL, LOST = "552 5.2.2 mailbox full", {"accepted_at": None, "failed_at": MORNING}


def certify(pharmacy, by, address, now) -> MailCertification:
    """Certifies an address: requests the code and types it."""
    examined = examine(address, check_mx=False)
    certification = MailCertification.objects.begin_and_send(pharmacy, examined, by, now)
    assert certification.confirm(last_code(address), by, "SPID livello 2", now)
    return certification


def refuse(letter: int, **facts) -> None:
    OutgoingMail.objects.filter(pk=letter).update(failed_at=MORNING, last_answer=FULL, **facts)


def fresh(letter: int) -> OutgoingMail:
    return OutgoingMail.objects.get(pk=letter)


ENDS = {
    "revoked": revoking.revoke,
    "replaced": lambda row, by, at: issuing.issue(row.utenza, row.context, at),
    "sent again": resending.resend,
    "utenza blocked": lambda row, by, at: (row.utenza.block(by, "prova", at), forgetting.forget_dead(at)),
    "address revoked": lambda row, by, at: row.certification.revoke(by, at),
    "address changed": lambda row, by, at: certify(row.pharmacy, by, NEW, at),
}


@pytest.mark.parametrize("refused", [False, True], ids=["waiting", "refused"])
@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_replaces_or_moves_an_id_takes_the_text_of_its_letter(
    certified, utenza, context, anna, end, refused
):
    row, at = issuing.issue(utenza, context, MORNING).id_sessione, MORNING + 2 * MINUTE
    if refused:
        refuse(row.letter_id)
    ENDS[end](row, anna, at)
    letter = fresh(row.letter_id)
    assert letter.sealed_source is None
    assert letter.is_waiting is False
    assert bool(letter.failed_at) == refused
    assert not letter.may_be_retried(at)
    assert not letter.retry(at)


@pytest.mark.parametrize("lost", [{}, LOST, {**LOST, "accepted_at": MORNING}], ids=["waiting", "refused", "came back"])
def test_an_id_that_has_not_arrived_is_written_to_the_address_that_takes_its_place(
    certified, utenza, context, anna, san_marco, lost
):
    issued = issuing.issue(utenza, context, MORNING)
    OutgoingMail.objects.filter(pk=issued.id_sessione.letter_id).update(**lost)
    certify(san_marco, anna, NEW, MORNING + MINUTE)
    row = IdSessione.objects.get()
    assert row.letter.recipient == NEW
    assert issued.plain in text_of(row.letter)
    assert row.is_live(MORNING + MINUTE)
    assert Entry.objects.get(verb="id.resent").actor is None


@pytest.mark.parametrize(
    "facts", [{"accepted_at": MORNING}, {"withdrawn_at": MORNING}], ids=["arrived", "stopped by staff"]
)
def test_an_id_that_arrived_or_was_stopped_is_not_written_to_the_new_address(
    certified, utenza, context, anna, san_marco, facts
):
    letter = issuing.issue(utenza, context, MORNING).id_sessione.letter_id
    OutgoingMail.objects.filter(pk=letter).update(sealed_source=None, **facts)
    certify(san_marco, anna, NEW, MORNING + MINUTE)
    assert IdSessione.objects.get().letter_id == letter


def test_the_same_mailbox_proved_again_still_receives_the_id_and_the_reminder(
    certified, utenza, context, anna, san_marco
):
    row = issuing.issue(utenza, context, MORNING).id_sessione
    at = MORNING + timedelta(hours=15)
    sending.send_due(at)
    MailCertification.objects.update(undeliverable_at=at)
    certify(san_marco, anna, OLD.upper(), at)
    assert fresh(row.letter_id).is_waiting
    assert Reminder.objects.get().letter.is_waiting
    assert forbidding.forbidden([fresh(row.letter_id), Reminder.objects.get().letter], at) == set()


def test_a_reminder_that_was_refused_is_said_to_the_new_address(certified, utenza, context, anna, san_marco):
    issuing.issue(utenza, context, MORNING)
    at = MORNING + timedelta(hours=15)
    sending.send_due(at)
    refused = Reminder.objects.get().letter_id
    refuse(refused)
    certify(san_marco, anna, NEW, at)
    assert fresh(refused).sealed_source is None
    sending.send_due(at)
    assert Reminder.objects.get().letter.recipient == NEW


@pytest.fixture
def row(certified, utenza, context) -> IdSessione:
    return issuing.issue(utenza, context, MORNING).id_sessione


def test_the_rules_let_a_live_id_leave_for_the_certified_mailbox_only(row):
    letter = row.letter
    assert forbidding.forbidden([letter], MORNING) == set()
    letter.recipient = NEW
    assert forbidding.forbidden([letter], MORNING) == {letter.pk}


@pytest.mark.parametrize(
    "fact", ["utenza__disabled_at", "utenza__blocked_at", "certification__revoked_at", "revoked_at"]
)
def test_the_rules_forbid_the_letters_of_an_id_that_a_fact_has_ended(row, fact):
    at = MORNING + timedelta(hours=15)
    sending.send_due(at)
    both = [row.letter, Reminder.objects.get().letter]
    assert forbidding.forbidden(both, at) == set()
    name, _, column = fact.rpartition("__")
    of = getattr(row, name) if name else row
    type(of).objects.filter(pk=of.pk).update(**{column: at})
    assert forbidding.forbidden(both, at) == {letter.pk for letter in both}


def test_a_worker_that_has_claimed_asks_before_it_hands_over(row, sink):  # noqa: F811
    """The revocation bypasses the code that deletes the text, as an older release would."""
    IdSessione.objects.update(revoked_at=MORNING)
    now = timezone.now()
    OutgoingMail.objects.update(next_attempt_at=now, give_up_at=now + timedelta(hours=1))
    assert deliver_due(now) == 0
    assert not sink.letters
    assert fresh(row.letter_id).sealed_source is None


def test_the_letter_of_a_closed_pharmacy_waits_and_leaves_when_it_reopens(row, san_marco):
    san_marco.closed_on = MORNING.date()
    san_marco.save()
    assert not OutgoingMail.objects.due(MORNING).exists()
    refuse(row.letter_id)
    assert fresh(row.letter_id).retry(MORNING)
    assert not OutgoingMail.objects.due(MORNING).exists()
    san_marco.closed_on = None
    san_marco.save()
    assert OutgoingMail.objects.due(MORNING).exists()


def test_what_is_said_of_an_expired_id_is_not_withdrawn_by_the_sweep(row, san_marco):
    end = row.expires_at
    Reminder.objects.create(id_sessione=row, pharmacy=san_marco, minutes_before=0, due_at=end)
    sending.send_due(end)
    forgetting.forget_dead(end)
    notice = OutgoingMail.objects.get(kind="expired")
    assert notice.is_waiting
    assert forbidding.forbidden([notice], end) == set()
