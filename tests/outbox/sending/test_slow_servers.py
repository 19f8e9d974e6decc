"""A letter's whole SMTP conversation ends inside its lease, however slow the server; the first digit of an answer decides."""

import socket
import threading
from contextlib import suppress
from datetime import timedelta
from time import monotonic

import pytest
from django.utils import timezone

from portal.outbox.letter_outcome import NO_ANSWER
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from tests.outbox.sink import Dripping

BOX = "idsessione@farmaciasanmarco.it"


@pytest.fixture
def quick(settings):
    settings.EMAIL_HOST, settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = (
        "127.0.0.1",
        "",
        False,
        False,
    )
    settings.EMAIL_TIMEOUT, settings.OUTBOX_LEASE = 0.4, timedelta(seconds=2)
    return settings


@pytest.mark.parametrize("after", range(6))
def test_a_server_at_one_byte_a_while_loses_and_not_the_lease(write, quick, after):
    row = write()
    with Dripping(0.1, after) as server:
        quick.EMAIL_PORT = server.port
        began = monotonic()
        assert deliver_due(timezone.now(), limit=1) == 0
        assert monotonic() - began < quick.OUTBOX_LEASE.total_seconds()
    row.refresh_from_db()
    assert row.is_waiting
    assert row.last_answer == f"{NO_ANSWER}: nessuna risposta in tempo"
    assert row.leased_until is None


def test_answers_that_are_each_in_time_do_not_carry_the_letter_past_its_lease(write, quick):
    """Six answers of 0.4 s each take longer than the lease of one letter."""
    quick.EMAIL_TIMEOUT, quick.OUTBOX_LEASE = 1, timedelta(seconds=2)
    row = write()
    with Dripping(0.06, 2) as server:  # each answer takes 0.8 s
        quick.EMAIL_PORT = server.port
        began = monotonic()
        assert deliver_due(timezone.now(), limit=1) == 0
        assert monotonic() - began < 2
        assert server.letters == 0
    row.refresh_from_db()
    assert row.is_waiting


class Said:
    """A server that gives these answers, one for each command, and records the commands."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.commands = list(answers), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self.listener.close()
        self.thread.join(5)

    def _serve(self):
        try:
            line, _ = self.listener.accept()
        except OSError:
            return
        with line, line.makefile("rb") as said:
            line.sendall(b"220 hello\r\n")
            in_text = False
            for command in said:
                if in_text and command != b".\r\n":
                    continue
                if not self.answers:
                    return
                self.commands.append(command.decode().strip())
                answer = self.answers.pop(0)
                in_text = answer.startswith("3")
                line.sendall(answer.encode() + b"\r\n")


def conversation(settings, *answers):
    said = Said("250-hello\r\n250 DSN", *answers)
    settings.EMAIL_PORT = said.port
    return said


@pytest.mark.parametrize("at_rcpt", ["250 ok", "251 forwarded", "252 cannot verify", "299 whatever"])
def test_any_2xx_at_rcpt_goes_on_to_the_text(write, quick, at_rcpt):
    row = write()
    with conversation(quick, "259 fine", at_rcpt, "354 go on", "251 taken") as said:
        assert deliver_due(timezone.now()) == 1
    row.refresh_from_db()
    assert row.accepted_at
    assert row.last_answer == "251 taken"
    assert [command[:4] for command in said.commands[:5]] == ["ehlo", "mail", "rcpt", "DATA", "."]


@pytest.mark.parametrize(
    "answers",
    [
        ("250 ok", "250 ok", "250 what?"),  # to DATA
        ("250 ok", "354 what?"),  # to RCPT
        ("354 what?",),  # to MAIL
        ("250 ok", "250 ok", "354 go on", "354 go on"),  # after the final dot
        ("250 ok", "250 ok", "354 go on", "ciao"),
    ],
)
def test_only_a_2xx_after_the_final_dot_is_a_delivery(write, quick, answers):
    row = write()
    with conversation(quick, *answers):
        assert deliver_due(timezone.now(), limit=1) == 0
    row.refresh_from_db()
    assert row.is_waiting
    assert row.sealed_source is not None
    assert "risposta in" in row.last_answer  # inattesa, incomprensibile


def test_the_original_recipient_and_the_wanted_reports_are_said_where_reports_are_made(write, quick):
    write("anna+id@farmaciasanmarco.it")
    with conversation(quick, "250 ok", "250 ok", "354 go on", "250 taken") as said:
        assert deliver_due(timezone.now()) == 1
    assert said.commands[1].lower().endswith("ret=hdrs")
    command, recipient = said.commands[2].split(":", 1)
    assert command.lower() == "rcpt to"  # the case depends on the version of Python
    assert recipient == (
        "<anna+id@farmaciasanmarco.it> NOTIFY=FAILURE,DELAY ORCPT=rfc822;anna+2Bid@farmaciasanmarco.it"
    )


def test_without_reports_nothing_more_is_said(write, sink):
    write()
    assert deliver_due(timezone.now()) == 1
    assert sink.recipients == [BOX]


def test_a_letter_that_could_not_be_written_names_no_class(write, sink):
    row = write("due@chioc ciole@farmacia.it")
    deliver_due(timezone.now())
    row.refresh_from_db()
    assert "Error" not in row.last_answer
    assert OutgoingMail.objects.get().failed_at
