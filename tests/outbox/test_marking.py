"""Refusals that mark an address as unreachable, and refusals that do not."""

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.outbox import marking
from portal.outbox.bounces.intake import receive
from portal.outbox.models import DeadMailbox, OutgoingMail
from portal.outbox.reasons import Reason, read
from portal.outbox.sending.delivery import deliver_due
from portal.outbox.verp import sender_of
from tests.outbox.mailboxes import ABOUT_US, BOX, DEAD, H, is_marked, refuse, write_to
from tests.outbox.postmaster import report


@pytest.fixture(autouse=True)
def _bounce_domain(settings):
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"


# --- one answer


def test_explicit_words_mark_at_once(certified, sink):
    refuse(sink, certified, DEAD)
    assert is_marked(certified)


@pytest.mark.parametrize(
    "answer",
    [
        *ABOUT_US,
        "550 5.1.1",
        "550 no",
        "552 5.2.2 mailbox full",
        "550 5.7.1 mailbox accepts only certified mail (PEC)",
        "550 5.5.0 try later",
    ],
)
def test_no_other_answer_marks_at_once(certified, sink, answer):
    refuse(sink, certified, answer)
    assert not is_marked(certified)
    assert not DeadMailbox.objects.exists()


# --- repeated refusals


@pytest.mark.parametrize("answer", ["550 5.1.1", "554 nope"])
def test_refused_for_good_five_times_in_a_row_over_two_days_is_dead(certified, sink, answer):
    now = timezone.now()
    for number in range(4):
        refuse(sink, certified, answer, now + number * 12 * H)
        assert not is_marked(certified)
    refuse(sink, certified, answer, now + 47 * H)
    assert not is_marked(certified)  # five, in less than two days
    refuse(sink, certified, answer, now + 49 * H)
    assert is_marked(certified)


def test_a_letter_delivered_between_begins_the_count_again(certified, sink, settings):
    settings.EMAIL_OWN_DOMAINS = ["*"]
    now = timezone.now()
    for number in range(4):
        refuse(sink, certified, "550 5.1.1", now + number * 20 * H)
    write_to(certified, now + 70 * H)
    assert deliver_due(now + 70 * H) == 1
    refuse(sink, certified, "550 5.1.1", now + 80 * H)
    assert not is_marked(certified)


def test_what_a_relay_took_in_silence_begins_the_count_again(certified, sink):
    now = timezone.now()
    for number in range(4):
        refuse(sink, certified, "550 5.1.1", now + number * 20 * H)
    write_to(certified, now + 70 * H)
    assert deliver_due(now + 70 * H) == 1
    refuse(sink, certified, "550 5.1.1", now + 95 * H)
    assert not is_marked(certified)


@pytest.mark.parametrize(
    "answer", ["552 5.2.2 mailbox full", "550 5.7.1 mailbox accepts only certified mail (PEC)", *ABOUT_US[:2]]
)
def test_however_often_it_is_full_or_a_rule_or_us_it_is_not_dead(certified, sink, answer):
    now = timezone.now()
    for number in range(12):
        refuse(sink, certified, answer, now + number * 24 * H)
    assert not is_marked(certified)


def test_one_letter_that_staff_try_five_times_is_one_refusal(certified, sink):
    now = timezone.now()
    refuse(sink, certified, "554 nope", now)
    letter = OutgoingMail.objects.get()
    for number in range(1, 6):
        sink.at_rcpt[BOX] = ["554 nope"]
        OutgoingMail.objects.update(give_up_at=now + 100 * H)
        assert letter.retry(now + number * 10 * H)
        deliver_due(now + number * 10 * H)
    assert not is_marked(certified)


# --- a refusal about the sender never marks, whatever its code, its number or its server

words = st.sampled_from([answer.partition(" ")[2].partition(" ")[2] for answer in ABOUT_US])
numbers = st.sampled_from(
    [
        "550 5.1.1",
        "550 5.1.0",
        "550",
        "553 5.1.3",
        "554 5.7.1",
        "551 5.1.6",
        "450 4.2.1",
        "421",
        "550 5.2.1",
        "503 5.5.0",
    ]
)
answers = st.lists(st.tuples(numbers, words, st.sampled_from(["rcpt", "data", "report"])), min_size=1, max_size=8)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers, st.integers(1, 60))
def test_no_answer_about_us_marks_an_address(certified, sink, said, apart):
    with transaction.atomic():
        now = timezone.now()
        for number, (code, text, channel) in enumerate(said):
            answer = f"{code} {text}"
            if read(answer).reason is not Reason.ABOUT_US:
                continue  # test_reasons tests how an answer is read
            at = now + number * apart * H
            sink.at_rcpt.clear(), sink.at_data.clear()
            if channel != "report":
                (sink.at_rcpt[BOX] if channel == "rcpt" else sink.at_data).append(answer)
            write_to(certified, at)
            deliver_due(at)
            letter = OutgoingMail.objects.order_by("-pk").first()
            if channel == "report":
                sender = sender_of(letter.pk, "")
                receive(report(sender, status="5.1.1", diagnostic=answer, number=number), sender, at)
        marking.settle(now)
        assert not is_marked(certified)
        assert not DeadMailbox.objects.exists()
        transaction.set_rollback(True)
