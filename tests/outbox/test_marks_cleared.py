"""Events that clear the mark of an address."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pharmacies.certification.reachability import clear_marks
from portal.journal.models import Entry
from portal.outbox.bounces.intake import receive
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from portal.outbox.verp import sender_of
from tests.outbox.mailboxes import H, is_marked, write_to
from tests.outbox.postmaster import report


@pytest.fixture(autouse=True)
def _bounce_domain(settings):
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"


# --- events that clear a mark


def mark(certified, at):
    certified.mark_undeliverable("casella inesistente", at, at)


def test_the_own_server_of_the_recipient_clears_at_once(certified, sink, settings):
    settings.EMAIL_OWN_DOMAINS = ["farmaciasanmarco.it"]
    mark(certified, timezone.now())
    write_to(certified)
    deliver_due()
    assert not is_marked(certified)
    assert Entry.objects.filter(verb="certification.reached").count() == 1


def test_a_relay_clears_after_a_day_without_a_report(certified, sink):
    now = timezone.now()
    mark(certified, now)
    write_to(certified, now)
    deliver_due(now)
    assert clear_marks(now + 23 * H) == 0
    assert is_marked(certified)
    assert clear_marks(now + 25 * H) == 1
    assert not is_marked(certified)


@pytest.mark.parametrize("action", ["failed", "delayed"])
def test_a_report_that_came_back_keeps_the_mark(certified, sink, action):
    now = timezone.now()
    mark(certified, now)
    write_to(certified, now)
    deliver_due(now)
    sender = sender_of(OutgoingMail.objects.get().pk, "")
    receive(report(sender, action=action), sender, now + H)
    assert clear_marks(now + 25 * H) == 0
    assert is_marked(certified)


def test_a_report_that_it_was_delivered_clears_at_once(certified, sink):
    now = timezone.now()
    mark(certified, now)
    write_to(certified, now)
    deliver_due(now)
    letter = OutgoingMail.objects.get()
    sender = sender_of(letter.pk, "")
    receive(report(sender, action="delivered", status="2.1.5", diagnostic="250 2.1.5 delivered"), sender, now)
    letter.refresh_from_db()
    assert letter.delivered_at == now
    assert not is_marked(certified)


def test_a_letter_written_before_the_mark_does_not_clear_it(certified, sink):
    now = timezone.now()
    write_to(certified, now)
    deliver_due(now)
    mark(certified, now + timedelta(minutes=5))
    assert clear_marks(now + 30 * H) == 0
