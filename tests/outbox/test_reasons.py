"""The meaning of a mail server's answer: a mailbox is dead only when the answer says so."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
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
FILES = ("tried", "aside", "foreign", "unseen")


def corpus(name: str) -> list[tuple[Reason, str]]:
    """Labelled by hand; `unknown` where a person cannot tell."""
    lines = (Path(__file__).parent / "answers" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("|", 1) for line in lines if line and not line.startswith("#")]
    return [(Reason(label), answer) for label, answer in pairs]


@pytest.mark.parametrize(("answer", "reason"), ANSWERS)
def test_an_answer_has_a_reason(answer, reason):
    assert read(answer).reason is reason


@pytest.mark.parametrize("name", FILES)
def test_no_answer_about_something_else_is_read_as_a_dead_mailbox(name):
    assert [answer for label, answer in corpus(name) if label is not Reason.DEAD and read(answer).is_dead] == []


@pytest.mark.parametrize("name", FILES)
def test_nine_dead_mailboxes_of_ten_are_read_as_dead_from_the_words(name):
    dead = [answer for label, answer in corpus(name) if label is Reason.DEAD]
    missed = [answer for answer in dead if not (read(answer).is_dead and read(answer).is_explicit)]
    assert len(missed) <= len(dead) / 10, missed


@pytest.mark.parametrize("name", FILES)
def test_seven_reasons_of_eight_are_those_that_a_person_would_give(name):
    known = [(label, answer) for label, answer in corpus(name) if label is not Reason.UNKNOWN]
    wrong = [(label, read(answer).reason, answer) for label, answer in known if read(answer).reason is not label]
    assert len(wrong) <= len(known) / 8, wrong


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.example[:40])
def test_each_line_of_the_table_decides_its_own_example(rule):
    assert read(rule.example).rule is rule


def test_a_dead_mailbox_is_the_last_thing_that_words_can_say():
    with_words = [rule.reason for rule in rules() if rule.words]
    first = with_words.index(Reason.DEAD)
    assert set(with_words[first:]) == {Reason.DEAD, Reason.UNKNOWN}


NUMBERS = re.compile(r"\b[245]\d\d\b[ -]?|\b[245]\.\d{1,3}\.\d{1,3}\b ?")
EXAMPLES = [rule.example for rule in rules() if rule.words]
OTHER_WORDS = [
    NUMBERS.sub("", answer) for answer in [*EXAMPLES, *(answer for name in FILES for _, answer in corpus(name))]
]
DEAD_WORDS = ["User unknown", "no such user here", "mailbox does not exist", "utente sconosciuto", ""]


@given(
    st.sampled_from(
        sorted({words for words in OTHER_WORDS if read(words).reason not in (Reason.DEAD, Reason.UNKNOWN)})
    ),
    st.sampled_from(DEAD_WORDS),
    st.sampled_from(["550", "551", "553", "554", "511", "571"]),
    st.sampled_from(["", "5.1.1", "5.1.0", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.0.0"]),
    st.booleans(),
)
def test_words_about_something_else_are_never_dead_whatever_number_and_words_stand_beside(
    other, dead, code, status, dead_first
):
    said = f"{dead}; {other}" if dead_first else f"{other}; {dead}"
    assert not read(f"{code} {status} {said}").is_dead


@settings(deadline=None)
@given(st.sampled_from([answer for name in FILES for _, answer in corpus(name)]), st.integers(400, 499))
def test_a_later_is_never_dead(answer, code):
    assert not read(f"{code} {answer}").is_dead


def test_dead_in_the_number_alone_is_not_explicit():
    assert (read("550 5.1.1 ").reason, read("550 5.1.1").is_explicit) == (Reason.DEAD, False)
    assert read("550 5.1.1 no such user").is_explicit


@pytest.mark.parametrize(
    "address", ["spamhaus@greylist.example", "<quota.full@try-again-later.example>", "dmarc@blocked.example"]
)
def test_the_words_of_an_address_mean_nothing(address):
    assert read(f"550 5.1.1 {address}: Recipient address rejected: User unknown").is_dead


@pytest.mark.parametrize(
    "around", ["host mx.spam-filter.example[192.0.2.1] said: {} (in reply to RCPT TO command)", "{}"]
)
def test_the_name_of_the_server_means_nothing(around):
    assert read(around.format("550 5.1.1 no such user")).is_dead


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.1 Domain portale.example does not exist or cannot be resolved",
        "550 Hostname portale.example does not exist",
        "550 invalid address <bounce+123@rimbalzi.portale.example>",
        "550 no account for portale.example",
        "550 5.1.1 Unknown user bounce+77@rimbalzi.portale.example in your envelope",
        "550 5.1.2 The domain rimbalzi.portale.example does not exist",
        "550 mail.portale.example is listed at dbl.example",
        "550 mail.portale.example does not exist",
        "550 Host mail.portale.example unknown",
        "550 www.comune.example: no such user",
    ],
)
def test_what_names_our_own_domain_is_about_us(settings, answer):
    settings.BOUNCE_DOMAIN, settings.DEFAULT_FROM_EMAIL = "rimbalzi.portale.example", "P <no-reply@portale.example>"
    settings.PORTAL_URL = "https://www.comune.example:8443"
    assert read(answer).reason is Reason.ABOUT_US


def test_the_server_that_speaks_may_be_below_our_own_domain(settings):
    settings.DEFAULT_FROM_EMAIL = "P <no-reply@portale.example>"
    assert read("host mx.portale.example[192.0.2.1] said: 550 5.1.1 no such user").is_dead
    assert read("550 5.1.1 <x@mail.portale.example>: user unknown").is_dead


ADVICE = [
    ", see our policy", " after several attempts", "; if you believe this is an error contact the postmaster",
    ". Please contact your administrator for further assistance", " - please check the address and try again",
    ", verificare l'indirizzo e riprovare",
]  # fmt: skip


@pytest.mark.parametrize("advice", ADVICE)
def test_advice_beside_a_dead_mailbox_is_no_reason(advice):
    for dead in ("550 user unknown", "550 5.1.1 casella inesistente"):
        reading = read(dead + advice)
        assert (reading.is_dead, reading.is_explicit) == (True, True)


@given(
    st.sampled_from(sorted({words for words in OTHER_WORDS if read(words).reason is Reason.ABOUT_US})),
    st.sampled_from(DEAD_WORDS),
    st.sampled_from(ADVICE),
    st.sampled_from(["550 5.1.1", "550", "553 5.1.3", "550 5.2.1"]),
)
def test_advice_never_turns_what_is_about_us_into_a_dead_mailbox(about_us, dead, advice, number):
    assert not read(f"{number} {dead}{advice}; {about_us}").is_dead
    assert not read(f"{number} {about_us}; {dead}{advice}").is_dead


def test_what_was_refused_before_the_recipient_is_about_us():
    answer = "host mx.example.it[192.0.2.1] said: 550 User unknown (in reply to MAIL FROM command)"
    assert read(answer).reason is Reason.ABOUT_US


def test_each_reason_fits_its_column():
    longest = Bounce._meta.get_field("reason").max_length
    assert all(len(reason) <= longest for reason in Reason.values)


@settings(deadline=None)
@given(st.text() | st.binary())
def test_any_text_and_any_bytes_have_a_reason(answer):
    assert read(answer).reason in Reason


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["a", "user ", "no such ", "5.1.1 ", "user unknown or ", "<", "@", "a@", "host ", "550-"]
)
def test_a_huge_answer_takes_no_time(piece):
    for _ in range(5):
        read(piece * 1_000_000)
