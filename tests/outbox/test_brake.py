"""Many mailboxes look dead at once: none is marked until an operator decides."""

import pytest
from django.utils import timezone

from portal.journal.models import Entry
from portal.outbox import marking
from portal.outbox.bounces.intake import receive
from portal.outbox.hooks import mailbox_news
from portal.outbox.models import Bounce, DeadMailbox, OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from portal.outbox.verp import sender_of
from tests.outbox.mailboxes import DEAD, H, is_marked, marked, refuse, write_to
from tests.outbox.postmaster import report


@pytest.fixture(autouse=True)
def _bounce_domain(settings):
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"


# --- the brake


def test_more_than_five_of_a_domain_within_an_hour_mark_none(many, sink):
    for number, certification in enumerate(many(6)):
        refuse(sink, certification, DEAD)
        assert marked() == (number + 1 if number < 5 else 0)
    assert DeadMailbox.objects.held().count() == 6
    assert Entry.objects.filter(verb="certification.mark_held").count() == 5


def test_what_comes_after_is_held_too_until_an_hour_has_passed(many, sink):
    now, eight = timezone.now(), many(8)
    for certification in eight[:7]:
        refuse(sink, certification, DEAD, now)
    assert marked() == 0
    refuse(sink, eight[7], DEAD, now + 2 * H)
    assert marked() == 1


def test_five_of_a_domain_are_five_dead_mailboxes(many, sink):
    for certification in many(5):
        refuse(sink, certification, DEAD)
    assert marked() == 5


def test_more_than_twenty_in_all_within_an_hour_mark_none(many, sink):
    for certification in many(21, "x@{}.example"):
        refuse(sink, certification, DEAD)
    assert marked() == 0
    assert DeadMailbox.objects.held().count() == 21


def test_the_brake_counts_mailboxes_and_not_letters(certified, sink):
    now = timezone.now()
    for _ in range(8):
        refuse(sink, certified, DEAD, now)
    assert is_marked(certified)


def test_reports_are_held_as_well(many, sink):
    for number, certification in enumerate(many(6)):
        write_to(certification)
        deliver_due()
        sender = sender_of(OutgoingMail.objects.order_by("-pk").first().pk, "")
        receive(report(sender, certification.address, number=number), sender, timezone.now())
    assert Bounce.objects.count() == 6
    assert marked() == 0


def test_an_operator_confirms_or_dismisses(many, sink):
    for certification in [*many(6), *many(6, "altro.example")]:
        refuse(sink, certification, DEAD)
    assert marked() == 0
    assert marking.confirm("uguale.example", timezone.now()) == 6
    assert marking.dismiss("altro.example", timezone.now()) == 6
    marking.settle(timezone.now())
    assert marked() == 6
    assert not DeadMailbox.objects.held().exists()
    assert marking.confirm("altro.example", timezone.now()) == 0


def test_a_mailbox_that_worked_since_is_not_marked_by_a_decision_on_its_domain(many, sink, settings):
    settings.EMAIL_OWN_DOMAINS = ["*"]
    now, six = timezone.now(), many(6)
    for certification in six:
        refuse(sink, certification, DEAD, now)
    sink.at_rcpt.clear()
    write_to(six[0], now + H)
    assert deliver_due(now + H) == 1
    assert marking.confirm("uguale.example", now + 2 * H) == 6
    assert not is_marked(six[0])
    assert marked() == 5
    assert not DeadMailbox.objects.held().exists()


def test_what_a_relay_took_an_hour_ago_proves_nothing_yet(many, sink):
    now, six = timezone.now(), many(6)
    for certification in six:
        refuse(sink, certification, DEAD, now)
    sink.at_rcpt.clear()
    write_to(six[0], now + H)
    write_to(six[1], now - H)  # before the refused one
    deliver_due(now + H)
    assert marking.confirm("uguale.example", now + 2 * H) == 6
    assert marked() == 6


def test_a_report_that_comes_after_a_delivered_letter_marks_nobody(certified, sink, settings):
    settings.EMAIL_OWN_DOMAINS = ["*"]
    now = timezone.now()
    write_to(certified, now)
    deliver_due(now)
    sender = sender_of(OutgoingMail.objects.get().pk, "")
    write_to(certified, now + H)
    deliver_due(now + H)
    receive(report(sender, certified.address), sender, now + 2 * H)
    assert not is_marked(certified)
    assert not DeadMailbox.objects.open().exists()


def test_what_a_worker_that_died_had_found_is_marked_by_the_timetable(certified, sink, monkeypatch):
    monkeypatch.setattr(marking, "settle", lambda now: None)
    refuse(sink, certified, DEAD)
    assert not is_marked(certified)
    monkeypatch.undo()
    marking.settle(timezone.now())
    assert is_marked(certified)


def test_every_listener_that_hears_of_a_dead_mailbox_hears_that_it_is_taken_back():
    listeners, taken_back = mailbox_news._listeners, mailbox_news._taken_back
    assert sorted(listener.__module__ for listener in listeners) == sorted(
        listener.__module__ for listener in taken_back
    )
    assert len(listeners) >= 2
