"""The meaning of a returned report, in every format that mail servers use."""

from base64 import b64encode
from email import message_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.outbox.bounces import reports
from portal.outbox.bounces.reports import Complaint, Delivered, MalformedReport, NotAReport, Unread
from portal.outbox.reasons import Reason
from portal.values.mail_address import ascii_address
from tests.outbox.returned import TO, dead, fields, report, samples

NO_WORDS = f"Final-Recipient: rfc822; {TO}\nAction: failed\nStatus: 5.1.1"
OTHER = dead("altro@altrove.example").replace("User unknown", "x")


def encoded(part: str, how: str) -> str:
    head, _, body = part.partition("\n\n")
    text = b64encode(body.encode()).decode() if how == "base64" else body.replace("=", "=3D").replace(":", "=3A")
    return f"{head}\nContent-Transfer-Encoding: {how}\n\n{text}\n"


WHEREVER = {
    "as it should be": report(fields(dead())),
    "capitals": report(fields(dead()), said="DELIVERY-STATUS"),
    "quotes": report(fields(dead()), said='"delivery-status"'),
    "multipart/mixed": report(fields(dead()), kind="mixed"),
    "another report-type": report(fields(dead()), said="other"),
    "inside another": b"From: M\nContent-Type: multipart/mixed; boundary=O\n\n--O\n" + report(fields(dead())) + b"\n--O--\n",
    "inside a forwarded message": b"From: M\nContent-Type: multipart/mixed; boundary=O\n\n--O\n"
    + b"Content-Type: message/rfc822\n\n" + report(fields(dead())) + b"\n--O--\n",
    "international": report(fields(dead(), kind="message/global-delivery-status")),
    "utf-8 address": report(fields(dead().replace("rfc822;", "utf-8;"), kind="Message/Global-Delivery-Status")),
    "base64": report(encoded(fields(dead()), "base64")),
    "quoted-printable": report(encoded(fields(dead()), "quoted-printable")),
    "action failure": report(fields(dead(action="failure"))),
    "action with a comment": report(fields(dead(action="failed (bad destination mailbox address)"))),
    "action with a comment first": report(fields(dead(action="(no) Failed"))),
    "ours is the second": report(fields(OTHER, dead())),
    "no empty line between": report(fields(f"{OTHER}\n{dead()}")),
    "local part only": report(fields(dead("farmacia"))),
    "angle brackets": report(fields(dead(f"<{TO}>"))),
    "capitals and a final dot": report(fields(dead("FARMACIA@Posta.EXAMPLE."))),
    "no type": report(fields(dead().replace("rfc822; ", ""))),
    "original only": report(fields(dead("store-7@box.posta.example") + f"\nOriginal-Recipient: rfc822;{TO}")),
    "xtext": report(fields(dead("store-7") + "\nOriginal-Recipient: rfc822;farmacia+40posta.example")),
    "no status": report(fields(dead().replace("Status: 5.1.1\n", ""))),
    "no recipient": report(fields(dead().replace(f"Final-Recipient: rfc822; {TO}\n", ""))),
    "windows lines": report(fields(dead())).replace(b"\n", b"\r\n"),
    "no first group": report(fields(dead()).replace("Reporting-MTA: dns; mx.posta.example\n\n", "")),
    "folded": report(fields(dead().replace("550 5.1.1 ", "550 5.1.1\n    "))),
    "old qmail with a footer": report(fields(dead())) + b"\nantivirus footer\n",
}  # fmt: skip


@pytest.mark.parametrize("name", WHEREVER)
def test_a_report_is_found_wherever_and_however_it_stands(name):
    found = reports.read(WHEREVER[name], TO)
    assert (found.action, found.about_recipient) == ("failed", True)
    assert (found.reading.reason, found.reading.is_explicit) == (Reason.DEAD, True)


@pytest.mark.parametrize("raw", [report(fields(NO_WORDS)), report(fields(OTHER, NO_WORDS))])
def test_a_number_without_words_is_read_and_is_not_explicit(raw):
    found = reports.read(raw, TO)
    assert (found.reading.reason, found.reading.is_explicit, found.about_recipient) == (Reason.DEAD, False, True)


def test_the_comment_of_the_action_is_heard_where_there_is_no_diagnosis():
    part = NO_WORDS.replace("failed", "failed (bad destination mailbox address)")
    assert reports.read(report(fields(part)), TO).reading.is_explicit


@pytest.mark.parametrize(
    ("words", "reason", "is_explicit"),
    [
        (f"<{TO}>: user unknown", Reason.DEAD, True),
        (f"<{TO}>: casella piena", Reason.FULL, True),
        (f"<{TO}>: host mx.posta.example[192.0.2.1] said: 550 blocked using dnsbl.example", Reason.ABOUT_US, True),
        ("<altro@altrove.example>: user unknown", Reason.DEAD, False),
        ("Avviso", Reason.DEAD, False),
    ],
)
def test_the_text_beside_a_number_alone_has_words(words, reason, is_explicit):
    raw = report(fields(NO_WORDS)).replace(b"\nAvviso\n", f"\n{words}\n".encode())
    found = reports.read(raw, TO)
    assert (found.reading.reason, found.reading.is_explicit) == (reason, is_explicit)


def test_the_copy_that_a_mailbox_forwarded_is_another_mailbox():
    found = reports.read(report(fields(dead("personale@altro.example"))), TO)
    assert not found.about_recipient
    assert found.action == "failed"


@pytest.mark.parametrize("domain", ["farmacia-città.example", "weiße-apotheke.example", "FARMACIA-CITTÀ.example."])
@pytest.mark.parametrize("in_ascii", [True, False])
def test_an_accented_domain_is_the_same_domain(domain, in_ascii):
    written = f"ID@{domain}"
    final = ascii_address(written).upper() if in_ascii else written
    assert reports.read(report(fields(dead(final))), ascii_address(written).lower()).about_recipient


def test_the_whole_answer_is_read_and_a_part_of_it_is_kept_masked():
    long = dead().replace("User unknown", "x" * 400 + f" {TO} is blocked by our blacklist")
    found = reports.read(report(fields(long)), TO)
    assert found.reading.reason is Reason.ABOUT_US
    assert len(found.answer) == reports.KEPT_ANSWER
    assert TO not in reports.read(report(fields(dead().replace("User", f"{TO} user"))), TO).answer


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (report(fields(dead(action="delivered").replace("5.1.1", "2.1.5"))), Delivered),
        (report(fields(OTHER, dead(action="delivered"))), Delivered),
        (report(fields(dead(action="relayed"))), NotAReport),
        (report(fields(dead(action="expanded"))), NotAReport),
        (report(fields(dead(action="boh"))), MalformedReport),
        (report(fields(dead().replace("Status: 5.1.1", "Status: boh"))), MalformedReport),
        (report(fields("")), MalformedReport),
        (report("Content-Type: text/plain\n\nx"), MalformedReport),
        (report("Content-Type: message/feedback-report\n\nFeedback-Type: abuse", said="feedback-report"), Complaint),
        (report("Content-Type: text/plain\n\nx", said="FEEDBACK-REPORT"), Complaint),
        (report(fields(dead()), headers="X-Ricevuta: accettazione\n"), NotAReport),
        (report(fields(dead()), said="disposition-notification"), NotAReport),
    ],
)
def test_what_is_no_failure_is_none(raw, error):
    with pytest.raises(error) as raised:
        reports.read(raw, TO)
    assert raised.type is error


def test_a_delay_is_no_failure():
    found = reports.read(report(fields(dead(action="delayed").replace("550", "450").replace("5.1.1", "4.1.1"))), TO)
    assert (found.action, found.reading.reason) == ("delayed", Reason.LATER)


@pytest.mark.parametrize(("title", "raw"), samples("failed"), ids=lambda value: value if isinstance(value, str) else "")
def test_prose_about_a_dead_mailbox_is_read(title, raw):
    found = reports.read(raw, TO)
    assert (found.action, found.reading.reason, found.reading.is_explicit) == ("failed", Reason.DEAD, True)
    assert TO not in found.answer


@pytest.mark.parametrize(("title", "raw"), samples("mild"), ids=lambda value: value if isinstance(value, str) else "")
def test_prose_about_another_reason_is_a_failure_and_no_dead_mailbox(title, raw):
    found = reports.read(raw, TO)
    assert (found.action, found.reading.is_dead) == ("failed", False)


@pytest.mark.parametrize(("title", "raw"), samples("late"), ids=lambda value: value if isinstance(value, str) else "")
def test_prose_about_a_delay_is_a_delay(title, raw):
    found = reports.read(raw, TO)
    assert (found.action, found.reading.is_dead) == ("delayed", False)


@pytest.mark.parametrize(("title", "raw"), samples("other"), ids=lambda value: value if isinstance(value, str) else "")
def test_other_mail_is_no_failure(title, raw):
    with pytest.raises(NotAReport):
        reports.read(raw, TO)


def test_what_a_server_wrote_and_nobody_can_read_is_said_to_be_unread():
    with pytest.raises(Unread):
        reports.read(b"From: MAILER-DAEMON@x.example\nSubject: Undeliverable\n\nQualcosa non va.", TO)


EVERY = [raw for name in ("failed", "mild", "late", "other") for _, raw in samples(name)] + list(WHEREVER.values())


def read_or_refused(raw: bytes) -> None:
    subject, domain = reports.about_sender(raw)
    assert (len(subject) <= 200, len(domain) <= 253) == (True, True)
    assert len(reports.shown(raw)) <= reports.SHOWN
    try:
        reports.addressees(reports.parsed(raw))
        found = reports.read(raw, TO)
    except (NotAReport, MalformedReport):
        return
    assert len(found.answer) <= reports.KEPT_ANSWER


@settings(deadline=None)
@given(st.sampled_from(EVERY), st.data())
def test_a_report_that_was_broken_on_the_way_is_read_or_refused(raw, data):
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        until = min(at + data.draw(st.integers(0, 40)), len(raw))
        raw = raw[:at] + data.draw(st.sampled_from(PIECES) | st.binary(max_size=12)) + raw[until:]
    read_or_refused(raw)


PIECES = [
    b"", b"\x00", b"\xff\xfe", b"\n", b"\n\n", b"--B\n", b"=?utf-8?q?=ZZ?=", b"=?x-none?b?////?=", b"Content-Type: ", b"message/rfc822",
    b"; charset=bogus", b"; boundary=", b"; name*0*=x''%ZZ", "è€".encode(), b"Content-Transfer-Encoding: base64\n", b"Subject: ",
    b"Final-Recipient: ", b"From: \xe8 <", b"<" * 50, b"@" * 50, b"\xed\xa0\x80", b"\\x{110000}", b"+FF+00", b"To: ", b"To: \xff <", b"Delivered-To: (((", b"From: =?utf-8?b?", b"X-Failed-Recipients: \xff,,<",
]  # fmt: skip


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(raw):
    read_or_refused(raw)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(5000)),
        b"Content-Type: message/rfc822\n\n" * 8000,
        b"From: MAILER-DAEMON@x\nSubject: failure\n\n" + b"a@b " * 120_000,
        b"From: MAILER-DAEMON@x\nSubject: failure\n\n" + b"<" * 500_000,
        b"From: MAILER-DAEMON@x\nContent-Type: text/html\n\n" + b"<style" * 80_000,
        b"From: MAILER-DAEMON@x\nContent-Type: text/html\n\n" + b"<!--" * 120_000,
        b"From: MAILER-DAEMON@x\nSubject: failure\n\n" + b"550 " * 120_000,
        b"From: MAILER-DAEMON@x\nSubject: failure\n\n" + b"not " * 120_000,
        b"From: MAILER-DAEMON@x\nSubject: failure\n\n" + b" " * 500_000,
        b"From: MAILER-DAEMON@x\nSubject: failure\n\n" + b"\n" * 500_000,
        b"From: MAILER-DAEMON@x\nSubject: " + b"=?utf-8?q?a?= " * 30_000 + b"\n\nx",
        report(fields(*[dead(f"x{n}@y.example") for n in range(3000)])),
        report(fields("Action: failed" + " (" * 100_000)),
        b"From: MAILER-DAEMON@x\nContent-Type: text/plain; charset=a\x00b\nContent-Transfer-Encoding: 8bit\n\n\xe8 \xff",
        b"x" * (reports.LONGEST + 1),
        b"",
    ],
    ids=range(16),
)
def test_a_huge_or_deep_message_ends(raw):
    read_or_refused(raw)


def test_a_message_of_the_standard_parser_with_broken_headers_is_read():
    raw = (
        b"From: \xe8\xe9 <MAILER-DAEMON@x>\nSubject: \xff\nX-Failed-Recipients: \xe8@x\n\n"
        + TO.encode()
        + b" user unknown"
    )
    assert message_from_bytes(raw)
    assert reports.read(raw, TO).reading.is_dead
