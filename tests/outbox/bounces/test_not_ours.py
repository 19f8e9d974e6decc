"""Reports about another mailbox, and automatic mail that resembles a report: neither marks an address."""

import pytest

from portal.outbox.bounces import reports
from portal.outbox.bounces.reports import NotAReport, Unread
from tests.outbox.returned import TO, dead, fields, report, samples


def prose(words: str) -> bytes:
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.isp.example>\nSubject: Undelivered Mail Returned to Sender\n\n"
        f"Your message could not be delivered:\n\n{words}\n"
    ).encode()


@pytest.mark.parametrize(
    "where",
    [
        f"Final-Recipient: rfc822; mario@gmail.example\nOriginal-Recipient: rfc822; {TO}",
        f"Original-Recipient: rfc822;farmacia+40posta.example\nFinal-Recipient: rfc822; mario@altraposta.example\nX: {TO}",
        f"Final-Recipient: rfc822; {TO}\nX-Actual-Recipient: rfc822; mario@gmail.example",
    ],
)
def test_a_forwarded_copy_keeps_our_address_and_fails_at_another_mailbox(where):
    part = dead().replace(f"Final-Recipient: rfc822; {TO}", where)
    assert not reports.read(report(fields(part)), TO).about_recipient


@pytest.mark.parametrize(
    "words",
    [
        f"  nuova@gmail.example\n    (generated from {TO})\n    host mx.gmail.example [192.0.2.7]: 550 5.1.1 no such user",
        f"  nuova@gmail.example\n    (ultimately generated from <{TO}>)\n    550 no such user",
        f"<nuova@gmail.example>: host mx[192.0.2.7] said: 550 5.1.1 user unknown (expanded from <{TO}>)",
        f"<nuova@gmail.example> (originally to {TO}): 550 user unknown",
    ],
)
def test_a_forwarded_copy_in_prose_is_another_mailbox(words):
    found = reports.read(prose(words), TO)
    assert (found.action, found.about_recipient) == ("failed", False)


@pytest.mark.parametrize(
    "words",
    [
        f"<{TO}>: mailbox problem\n\n<altro@x.example>: 550 5.1.1 User unknown",
        f"<altro@x.example>: 550 5.1.1 User unknown\n\n<{TO}>: mailbox problem",
        f"<{TO}>: mailbox problem\n<altro@x.example>: 5.1.1 no\n\n--- Transcript ---\n<<< 550 5.1.1 <altro@x.example>... User unknown",
        f"Failed address: altro@x.example\n550 user unknown\n\nFailed address: {TO}\n552 mailbox full",
    ],
)
def test_the_answer_about_another_recipient_is_not_ours(words):
    found = reports.read(prose(words), TO)
    assert (found.about_recipient, found.reading.is_dead) == (True, False)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Nuovo indirizzo", f"L'indirizzo {TO} non è più attivo. Il messaggio non sarà inoltrato."),
        ("Thanks", f"This mailbox {TO} is no longer monitored. Your message will not be delivered."),
        ("Conferma", f"{TO}: non è stato consegnato perché il tuo indirizzo non è riconosciuto. Conferma qui."),
        ("Undelivered", f"{TO}: user unknown, could not be delivered"),
    ],
)
@pytest.mark.parametrize(
    ("sender", "error"),
    [(TO, NotAReport), (f"Farmacia <{TO.upper()}>", NotAReport), ("robot@posta.example", Unread)],
)
def test_a_robot_with_an_empty_envelope_sender_is_no_server(subject, words, sender, error):
    raw = f"Return-Path: <>\nFrom: {sender}\nAuto-Submitted: auto-replied\nSubject: {subject}\n\n{words}\n".encode()
    with pytest.raises(NotAReport) as raised:
        reports.read(raw, TO)
    assert raised.type is error


@pytest.mark.parametrize(
    ("title", "raw"), samples("elsewhere"), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_address_beside_the_reason_is_the_one_that_failed(title, raw):
    found = reports.read(raw, TO)
    assert (found.action, found.about_recipient) == ("failed", False)


@pytest.mark.parametrize("where", ["info@posta.example", "farmacia@mail.posta.example", "postmaster@isp.example"])
def test_our_mailbox_under_another_name_and_a_place_to_ask_are_not_elsewhere(where):
    found = reports.read(prose(f"Message to {TO} could not be delivered to {where}: 550 user unknown"), TO)
    assert (found.about_recipient, found.reading.is_dead) == (True, True)


def test_a_report_of_a_server_that_calls_itself_an_automatic_reply_is_read():
    raw = prose(f"<{TO}>: user unknown").replace(b"Subject:", b"Auto-Submitted: auto-replied\nSubject:")
    assert reports.read(raw, TO).reading.is_dead


@pytest.mark.parametrize(("title", "raw"), samples("asked"), ids=lambda value: value if isinstance(value, str) else "")
def test_a_robot_under_the_name_of_a_server_waits_for_a_person(title, raw):
    with pytest.raises(Unread):
        reports.read(raw, TO)
