"""A recipient domain that refuses or is slow rests without delaying other domains; a full mailbox does not make its domain rest."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.outbox.models import MailDomain, OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from tests.outbox.sending.test_engine import OTHERS, SLOW, fresh
from tests.outbox.sink import HANG

Kind = OutgoingMail.Kind


def test_a_domain_that_refuses_three_in_a_row_rests_with_its_letters_and_holds_nobody(write_kind, sink):
    sink.at_rcpt[SLOW] = ["451 4.3.2 too much mail"] * 10
    slow = [write_kind(Kind.CODE, SLOW) for _ in range(6)]
    write_kind(Kind.NOTICE, OTHERS[0])
    now = timezone.now()
    assert deliver_due(now) == 1
    assert sink.recipients == [OTHERS[0]]
    assert len(sink.at_rcpt[SLOW]) == 7  # only three were tried
    rest = MailDomain.objects.get(name="lento.it").rest
    assert now < rest.probed_at <= rest.until < now + timedelta(minutes=1)
    untried = [row for row in map(fresh, slow) if row.attempts == 0]
    assert [row.next_attempt_at for row in untried] == [rest.probed_at] * 3
    assert "riproviamo" in untried[0].delivery_steps[-1].text
    assert "lento.it" in untried[0].delivery_steps[-1].text


def test_a_domain_that_goes_on_refusing_rests_longer_and_one_that_answers_is_forgiven(write_kind, sink):
    sink.at_rcpt[SLOW] = ["451 4.3.2 too much mail"] * 5
    for _ in range(5):
        write_kind(Kind.ISSUED, SLOW)
    now, rests = timezone.now(), []
    for _ in range(2):
        deliver_due(now)
        until = MailDomain.objects.get(name="lento.it").rests_until
        rests.append(until - now)
        now = until
    assert rests[1] > rests[0]
    sink.at_rcpt[SLOW] = []
    deliver_due(now + timedelta(minutes=10))
    assert not MailDomain.objects.failing(now).exists()


def test_full_mailboxes_do_not_hold_the_others_of_their_domain(write_kind, sink):
    full = [f"piena{n}@lento.it" for n in range(5)]
    sink.at_rcpt.update({address: ["452 4.2.2 mailbox full"] for address in full})
    for address in full:
        write_kind(Kind.CODE, address)
    write_kind(Kind.NOTICE, "sana@lento.it")
    assert deliver_due(timezone.now()) == 1
    assert not MailDomain.objects.exists()


@pytest.fixture
def resting(write_kind, sink):
    """A domain that rests for ten minutes and then refuses once more; the start of the rest."""
    began = timezone.now()
    MailDomain.objects.create(name="lento.it", refusals=20, refused_at=began, rests_until=began + timedelta(minutes=10))
    sink.at_rcpt["prova@lento.it"] = ["451 4.3.2 too much mail"]
    return began


def test_a_code_does_not_wait_for_the_end_of_a_long_rest_and_frees_the_others(write_kind, sink, resting):
    code = write_kind(Kind.CODE, "sana@lento.it", created=resting, useful_for=timedelta(minutes=15))
    reminder = write_kind(Kind.REMINDER, SLOW, created=resting)
    assert deliver_due(resting + timedelta(seconds=20)) == 0
    assert deliver_due(fresh(code).next_attempt_at) == 1
    assert fresh(code).accepted_at <= resting + timedelta(minutes=1)
    assert not MailDomain.objects.failing(resting).exists()
    assert fresh(reminder).attempts == 0  # released early: it leaves when the rest would have ended


def test_one_code_that_is_refused_sends_the_others_back_to_their_rest(write_kind, sink, resting):
    for number in range(3):
        write_kind(Kind.CODE, "prova@lento.it" if number == 0 else f"sana{number}@lento.it", created=resting)
    write_kind(Kind.REMINDER, SLOW, created=resting)
    assert deliver_due(resting + timedelta(seconds=40)) == 0
    assert list(OutgoingMail.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0, 0, 0]
    assert deliver_due(resting + timedelta(seconds=80)) == 3  # the next code was accepted: no domain rests


def test_a_domain_that_refuses_for_weeks_is_counted_no_further(write_kind, sink, resting):
    MailDomain.objects.update(refusals=32_767)  # the column's full length
    row = write_kind(Kind.CODE, "prova@lento.it", created=resting)
    deliver_due(resting + timedelta(seconds=40))
    assert fresh(row).is_waiting
    assert MailDomain.objects.get().refusals < 32_767


def test_a_letter_that_would_not_outlive_the_rest_of_its_domain_is_tried_all_the_same(write_kind, sink):
    now = timezone.now()
    MailDomain.objects.create(name="lento.it", refusals=9, rests_until=now + timedelta(minutes=9))
    sink.at_rcpt[SLOW] = ["451 4.3.2 too much mail"]
    code = write_kind(Kind.CODE, SLOW, created=now, useful_for=timedelta(minutes=5))
    id_sessione = write_kind(Kind.ISSUED, SLOW, created=now)
    deliver_due(now)
    assert (fresh(code).attempts, fresh(id_sessione).attempts) == (1, 0)


def test_a_domain_far_slower_than_the_others_rests_and_holds_nobody(write_kind, sink, settings):
    settings.EMAIL_TIMEOUT = 1
    for address in OTHERS:
        write_kind(Kind.CODE, address)
    sink.hang_for = {SLOW}
    for _ in range(3):
        write_kind(Kind.ISSUED, SLOW)
    write_kind(Kind.NOTICE, "last@farmacia.it")
    assert deliver_due(timezone.now()) == len(OTHERS) + 1
    assert sink.recipients[-1] == "last@farmacia.it"
    assert MailDomain.objects.resting(timezone.now()).get().name == "lento.it"
    assert OutgoingMail.objects.filter(recipient=SLOW, attempts=0).count() == 2


def test_when_every_domain_is_as_slow_it_is_the_server_and_none_rests(write_kind, sink, settings):
    settings.EMAIL_TIMEOUT = 0.3
    sink.at_data = [HANG, HANG, HANG]
    for address in OTHERS:
        write_kind(Kind.ISSUED, address)
    assert deliver_due(timezone.now()) == 0
    assert not MailDomain.objects.exists()
