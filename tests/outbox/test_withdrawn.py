"""A withdrawn or forbidden letter does not leave: not when a worker holds it, not on a retry."""

from smtplib import SMTP
from time import sleep

import pytest
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone

from portal.outbox.hooks import forbidding
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import SOURCES_FRESH_FOR, deliver_due

Kind = OutgoingMail.Kind
OTHERS = [f"id@farmacia{n}.it" for n in range(4)]


def fresh(row):
    return OutgoingMail.objects.get(pk=row.pk)


def test_what_is_withdrawn_while_the_line_is_opened_again_does_not_leave(write_kind, sink, monkeypatch):
    first, second = write_kind(Kind.CODE, OTHERS[0]), write_kind(Kind.ISSUED, OTHERS[1])
    sink.letters_a_connection, opens = 1, EmailBackend.open

    def slow_open(backend):
        opened = opens(backend)
        if opened and fresh(first).accepted_at:
            OutgoingMail.objects.filter(pk=second.pk).withdraw(timezone.now())
        return opened

    monkeypatch.setattr(EmailBackend, "open", slow_open)
    assert deliver_due(timezone.now()) == 1
    assert sink.recipients == [OTHERS[0]]


def test_what_is_withdrawn_while_the_server_thinks_about_the_address_does_not_leave(write_kind, sink, monkeypatch):
    row, rcpt = write_kind(Kind.ISSUED, OTHERS[0]), SMTP.rcpt

    def slow_rcpt(line, *args):
        OutgoingMail.objects.filter(pk=row.pk).withdraw(timezone.now())
        sleep(SOURCES_FRESH_FOR.total_seconds() + 0.01)
        return rcpt(line, *args)

    monkeypatch.setattr(SMTP, "rcpt", slow_rcpt)
    assert deliver_due(timezone.now()) == 0
    assert not sink.reached_data
    assert fresh(row).withdrawn_at


def test_a_refused_letter_that_is_withdrawn_loses_its_text_and_is_not_tried_again(write_kind, sink):
    sink.at_rcpt["id@farmacia.it"] = ["550 5.1.1 no such user"]
    row = write_kind(Kind.ISSUED)
    deliver_due(timezone.now())
    OutgoingMail.objects.filter(pk=row.pk).withdraw(timezone.now())
    assert fresh(row).sealed_source is None
    assert fresh(row).outcome == "Rifiutato: casella inesistente"
    assert not fresh(row).may_be_retried(timezone.now())
    assert not fresh(row).retry(timezone.now())


@pytest.fixture
def forbid():
    """forbid(row): makes the domain's rules forbid this letter."""
    keys: set[int] = set()

    def rule(letters, now):
        return {letter.pk for letter in letters} & keys

    forbidding.register(rule)
    yield lambda row: keys.add(row.pk)
    forbidding._rules.remove(rule)


def test_a_letter_that_the_rules_forbid_does_not_leave_and_loses_its_text(write_kind, sink, forbid):
    dead, other = write_kind(Kind.ISSUED, OTHERS[0]), write_kind(Kind.ISSUED, OTHERS[1])
    forbid(dead)
    assert deliver_due(timezone.now()) == 1
    assert sink.recipients == [other.recipient]
    assert fresh(dead).withdrawn_at
    assert fresh(dead).sealed_source is None


def test_a_refused_letter_that_the_rules_forbid_is_not_tried_again(write_kind, sink, forbid):
    sink.at_rcpt["id@farmacia.it"] = ["550 5.1.1 no such user"]
    row = write_kind(Kind.ISSUED)
    deliver_due(timezone.now())
    forbid(row)
    assert not fresh(row).may_be_retried(timezone.now())
    assert not fresh(row).retry(timezone.now())
    assert fresh(row).sealed_source is None
