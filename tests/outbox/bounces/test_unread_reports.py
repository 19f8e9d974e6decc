"""Reports that no rule can read: stored for an operator, counted, decided once."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from pharmacies.certification import letters
from portal.outbox import marking
from portal.outbox.bounces import intake
from portal.outbox.bounces.intake import BounceOutcome, decide, receive
from portal.outbox.models import Bounce, OutgoingMail, UnreadReport
from portal.outbox.models.unread import MOST_KEPT, OF_A_LETTER, UNREAD_KEPT_FOR
from portal.outbox.reasons import Reason
from portal.outbox.verp import sender_of
from portal.secrets.sealing import unseal
from portal.watch.facts import exposition
from sessions import retention
from tests.outbox.postmaster import report
from tests.outbox.returned import samples

Decision = UnreadReport.ReportDecision
NOW = timezone.now


@pytest.fixture
def letter(write, settings):
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"
    return write()


@pytest.fixture
def arrives(letter):
    """arrives(raw): the outcome of this message about the letter."""
    return lambda raw: receive(raw, sender_of(letter.pk, ""), NOW())


def strange(number: int = 1) -> bytes:
    return (
        f"From: MAILER-DAEMON@posta.example\nSubject: Undeliverable: codice 123456 per anna@posta.example\n\n"
        f"Qualcosa non va ({number}) con anna@posta.example e il codice 123456.\n"
    ).encode()


def test_what_nobody_can_read_is_kept_sealed_and_masked(arrives, letter):
    assert arrives(strange()) is BounceOutcome.UNREAD
    kept = UnreadReport.objects.get()
    assert (kept.letter, kept.kind, kept.decided_at) == (letter, UnreadReport.ReportKind.UNREAD, None)
    assert kept.subject == "Undeliverable: codice •••••• per an•••@posta.example"
    assert kept.sender_domain == "posta.example"
    assert b"Qualcosa" not in bytes(kept.sealed_source)
    assert unseal(kept.sealed_source) == strange()
    assert not Bounce.objects.exists()


def test_a_malformed_report_is_kept_too(arrives, letter):
    assert arrives(report(sender_of(letter.pk, ""), status="boh")) is BounceOutcome.MALFORMED
    assert UnreadReport.objects.open().count() == 1


def test_a_report_that_is_too_long_is_kept_in_part(arrives):
    assert arrives(strange() + b"x" * 10_000_000) is BounceOutcome.MALFORMED
    assert len(unseal(UnreadReport.objects.get().sealed_source)) == MOST_KEPT


@pytest.mark.parametrize(("title", "raw"), samples("other"), ids=lambda value: value if isinstance(value, str) else "")
def test_mail_of_people_and_robots_is_not_kept_and_a_complaint_is_counted(arrives, title, raw):
    outcome = arrives(raw)
    if title == "about somebody else":
        assert outcome is BounceOutcome.UNREAD
        return
    assert outcome is BounceOutcome.NO_REPORT
    assert not UnreadReport.objects.open().exists()
    assert UnreadReport.objects.filter(kind=UnreadReport.ReportKind.COMPLAINT, sealed_source=None).count() == (
        title == "complaint"
    )


def test_the_same_report_is_kept_once_and_few_of_a_letter(arrives):
    for number in range(OF_A_LETTER + 3):
        arrives(strange(number))
        arrives(strange(number))
    assert UnreadReport.objects.count() == OF_A_LETTER


def test_what_waits_for_a_person_and_what_was_called_spam_are_measured(arrives):
    arrives(strange())
    arrives(dict(samples("other"))["complaint"])
    text = exposition(NOW()).decode()
    assert "portal_reports_unread 1.0" in text
    assert "portal_complaints_last_day 1.0" in text


@pytest.mark.parametrize(("decision", "reason"), [(Decision.DEAD, Reason.DEAD), (Decision.ABOUT_US, Reason.ABOUT_US)])
def test_what_a_person_decides_is_written_down_as_if_the_server_had_said_it(arrives, letter, decision, reason):
    arrives(strange())
    unread = UnreadReport.objects.get()
    assert decide(unread, decision, NOW())
    bounce = Bounce.objects.get()
    assert (bounce.letter, bounce.reason, bounce.is_explicit) == (letter, reason, True)
    assert intake.DECIDED in bounce.answer
    unread.refresh_from_db()
    assert (unread.decision, unread.sealed_source) == (decision, None)
    assert not decide(unread, Decision.NOTHING, NOW())


def test_a_dead_mailbox_that_a_person_saw_makes_the_address_unreachable(certified, settings):
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"
    with transaction.atomic():
        letters.certified(certified, NOW())
    letter = OutgoingMail.objects.get()
    receive(report(sender_of(letter.pk, ""), diagnostic="550 5.1.1"), sender_of(letter.pk, ""), NOW())
    certified.refresh_from_db()
    assert certified.undeliverable_at is None  # a number alone
    receive(strange(), sender_of(letter.pk, ""), NOW())
    assert decide(UnreadReport.objects.get(), Decision.DEAD, NOW())
    marking.settle(NOW())
    certified.refresh_from_db()
    assert certified.undeliverable_at is not None


def test_nothing_changes_nothing(arrives, letter):
    arrives(strange())
    assert decide(UnreadReport.objects.get(), Decision.NOTHING, NOW())
    letter.refresh_from_db()
    assert letter.failed_at is None
    assert not Bounce.objects.exists()


def test_a_report_is_forgotten_after_its_days(arrives):
    arrives(strange())
    list(retention.forget(NOW() + UNREAD_KEPT_FOR - timedelta(days=1)))
    assert UnreadReport.objects.exists()
    list(retention.forget(NOW() + UNREAD_KEPT_FOR + timedelta(minutes=1)))
    assert not UnreadReport.objects.exists()


def test_the_copy_that_was_forwarded_does_not_hide_what_is_said_of_the_letter(arrives, letter):
    sender = sender_of(letter.pk, "")
    assert arrives(report(sender, "personale@altrove.example")) is BounceOutcome.WRITTEN
    assert arrives(report(sender, letter.recipient)) is BounceOutcome.WRITTEN
    assert set(Bounce.objects.values_list("about_recipient", flat=True)) == {True, False}
    letter.refresh_from_db()
    assert letter.failed_at is not None


def test_the_copy_that_was_forwarded_does_not_fail_the_letter(arrives, letter):
    assert arrives(report(sender_of(letter.pk, ""), "personale@altrove.example")) is BounceOutcome.WRITTEN
    letter.refresh_from_db()
    assert letter.failed_at is None
