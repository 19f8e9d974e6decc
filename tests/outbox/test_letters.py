"""A letter's form in the mailbox, and the row that is kept of it meanwhile."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage, send_mail
from django.db import transaction
from django.utils import timezone

from portal.outbox.backend import OutsideTransaction
from portal.outbox.letters import Envelope, NotOneRecipient, post
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due


@pytest.fixture
def delivered(write, sink):
    row = write()
    deliver_due(timezone.now())
    return row, sink.letters[0], sink.raw[0]


def test_a_letter_has_a_text_and_an_html_part_both_quoted_printable(delivered):
    _, letter, raw = delivered
    parts = list(letter.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part["Content-Transfer-Encoding"] for part in parts] == ["quoted-printable"] * 2
    assert raw.isascii()
    assert "Il codice è 914203, perché sì." in parts[0].get_content()


def test_a_letter_says_that_a_machine_wrote_it_and_of_what_kind_it_is(delivered, settings):
    row, letter, _ = delivered
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["X-Portale-Tipo"] == "code"
    assert letter["Content-Language"] == "it"
    assert letter["Message-ID"] == row.message_id
    assert row.message_id.endswith(f"@{settings.MAIL_DOMAIN}>")
    assert letter["Date"].datetime == row.created_at.replace(microsecond=0)
    assert letter["To"] == row.recipient
    assert settings.DEFAULT_FROM_EMAIL in letter["From"]


def test_both_parts_end_with_who_wrote_and_why(delivered, settings):
    for part in delivered[1].iter_parts():
        words = " ".join(part.get_content().split())
        assert f"non rispondere. Assistenza {settings.ASSISTANCE_PHONE}" in words
        assert "Ricevi questo messaggio perché" in words


def test_the_text_part_and_the_subject_are_not_escaped(write, sink):
    write(name="Farmacia D'Angelo & Figli")
    deliver_due(timezone.now())
    letter = sink.letters[0]
    assert letter["Subject"] == "Un messaggio per Farmacia D'Angelo & Figli"
    assert "Ciao Farmacia D'Angelo & Figli." in letter.get_body(("plain",)).get_content()
    assert "Farmacia D&#x27;Angelo &amp; Figli" in letter.get_body(("html",)).get_content()


@pytest.mark.parametrize("name", ["Bar", "Niccolò", "Farmacia Santissima Annunziata – già Comunale di Là", "è" * 70])
def test_the_subject_begins_on_its_line(write, sink, name):
    write(name=name)
    deliver_due(timezone.now())
    line = next(line for line in sink.raw[0].splitlines() if line.startswith(b"Subject:"))
    assert line.removeprefix(b"Subject: ").startswith((b"=?utf-8?", b"Un messaggio per Bar"))
    assert all(len(line) <= 78 for line in sink.raw[0].partition(b"\r\n\r\n")[0].splitlines())
    assert sink.letters[0]["Subject"] == f"Un messaggio per {name}"


def test_a_line_break_in_a_name_does_not_start_a_header(write, sink):
    write(name="Anna\r\nBcc: altri@example.it\r\n\x00")
    deliver_due(timezone.now())
    assert sink.letters[0]["Subject"] == "Un messaggio per Anna Bcc: altri@example.it"
    assert sink.letters[0]["Bcc"] is None
    assert sink.recipients == ["idsessione@farmaciasanmarco.it"]


def test_what_waits_is_sealed(write):
    row = write()
    assert b"914203" not in bytes(row.sealed_source)
    assert "914203" not in row.subject


@pytest.mark.django_db(transaction=True)
def test_a_letter_outside_a_transaction_is_refused():
    now = timezone.now()
    envelope = Envelope(OutgoingMail.Kind.CODE, "4512", now, now + timedelta(minutes=15))
    with pytest.raises(OutsideTransaction):
        post(envelope, "a@farmaciasanmarco.it", "trial", {})
    with pytest.raises(OutsideTransaction):
        send_mail("oggetto", "testo", None, ["a@farmaciasanmarco.it"])
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_writes_no_letter():
    now = timezone.now()
    envelope = Envelope(OutgoingMail.Kind.CODE, "4512", now, now + timedelta(minutes=15))
    with transaction.atomic():
        post(envelope, "a@farmaciasanmarco.it", "trial", {})
        transaction.set_rollback(True)
    assert not OutgoingMail.objects.exists()


def test_a_letter_goes_to_one_mailbox_only(db):
    with pytest.raises(NotOneRecipient):
        EmailMessage("oggetto", "testo", to=["a@example.it", "b@example.it"]).send()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_neither_stops_the_cause_nor_is_said_at_every_letter(
    write, monkeypatch, caplog, settings
):
    settings.REDIS_URL = ""  # with a shared cache, a recent wake-up of another process would suppress ours

    def nobody_answers(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr("portal.waking._unanswered", False)
    monkeypatch.setattr("celery.app.task.Task.apply_async", nobody_answers)  # the fake at the edge: the broker
    for _ in range(3):
        write()
    assert OutgoingMail.objects.count() == 3
    assert [record.message for record in caplog.records] == [
        "The broker does not answer: due work waits for the timetable."
    ]
