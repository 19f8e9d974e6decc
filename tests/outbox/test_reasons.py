"""What an answer of a mail server means: a mailbox is dead only when the answer says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.outbox.models import Bounce
from portal.outbox.reasons import Reason, read, rules

ANSWERS = [
    (
        "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery",
        Reason.ABOUT_US,
    ),
    ("550 5.1.0 192.0.2.9 is not allowed to send from <portale.example> per its SPF record", Reason.ABOUT_US),
    ("550 5.1.1 <x> - 192.0.2.9 has sent to too many recipients this hour", Reason.ABOUT_US),
    ("553 5.1.3 http://www.spamhaus.org/query/bl?ip=192.0.2.9", Reason.ABOUT_US),
    ("503 5.5.0 improper sequence of commands", Reason.ABOUT_US),
    ("450 4.2.1 receiving mail too quickly", Reason.ABOUT_US),
    ("550 5.5.0 service refused, try later", Reason.LATER),
    ("550 User unknown", Reason.DEAD),
    ("550 5.4.1 Recipient address rejected: Access denied", Reason.DEAD),
    ("550 #5.1.0 Address rejected.", Reason.DEAD),
    ("550 5.0.0 no such user", Reason.DEAD),
    ("552 5.2.2 mailbox full", Reason.FULL),
    ("550 5.7.1 mailbox accepts only certified mail (PEC)", Reason.RULE),
    ("550 no", Reason.UNKNOWN),
    ("450 4.1.1 user unknown", Reason.LATER),
    ("", Reason.UNKNOWN),
]


@pytest.mark.parametrize(("answer", "reason"), ANSWERS)
def test_an_answer_has_a_reason(answer, reason):
    assert read(answer).reason is reason


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.example], ids=lambda rule: rule.example[:40])
def test_each_line_of_the_table_decides_its_own_example(rule):
    assert read(rule.example).rule is rule


def test_dead_in_the_number_alone_is_not_explicit():
    assert (read("550 5.1.1 ").reason, read("550 5.1.1").is_explicit) == (Reason.DEAD, False)
    assert read("550 5.1.1 no such user").is_explicit


def test_each_reason_fits_its_column():
    longest = Bounce._meta.get_field("reason").max_length
    assert all(len(reason) <= longest for reason in Reason.values)


@given(st.text() | st.binary())
def test_any_text_and_any_bytes_have_a_reason(answer):
    assert read(answer).reason in Reason
