"""The two entrances for a report: a mail server's pipe, and a relay's POST."""

import io
import os
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook

from pharmacies.certification import letters
from portal.outbox.models import Bounce, OutgoingMail
from portal.outbox.verp import sender_of
from tests.outbox.postmaster import report

SECRET = b"un segreto lungo abbastanza per il relay"
DOOR = "/posta/rimbalzi/"


@pytest.fixture
def sender(certified, settings):
    """The envelope sender of a letter to Anna's certified address."""
    settings.BOUNCE_DOMAIN, settings.BOUNCE_SECRET = "rimbalzi.portale.example", SECRET
    with transaction.atomic():
        letters.certified(certified, timezone.now())
    return sender_of(OutgoingMail.objects.get().pk, "")


@pytest.fixture
def pipe(monkeypatch):
    def pipe(raw: bytes, *argv: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        try:
            call_command("receive_bounce", *argv)
        except CommandError as error:
            return error.returncode
        return os.EX_OK

    return pipe


def signed(body: bytes, at: datetime | None = None, secret: bytes = SECRET, name: str = "msg_1") -> dict[str, str]:
    """The headers of a relay that signs as Standard Webhooks."""
    at = at or datetime.now(UTC)
    signature = Webhook("whsec_" + b64encode(secret).decode()).sign(name, at, body.decode())
    return {"webhook-id": name, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def post(client, body: bytes, headers: dict[str, str]):
    return client.post(DOOR, body, content_type="message/rfc822", headers=headers)


def is_marked(certified) -> bool:
    certified.refresh_from_db()
    return certified.undeliverable_at is not None


def test_the_pipe_takes_a_report_with_the_recipient_the_server_names(pipe, sender, certified):
    assert pipe(report("qualcuno@altrove.example"), sender) == os.EX_OK
    assert is_marked(certified)


def test_the_pipe_reads_the_recipient_from_the_report_when_the_server_names_none(pipe, sender, certified):
    assert pipe(report(sender)) == os.EX_OK
    assert is_marked(certified)


def test_the_pipe_answers_as_a_mail_server_understands(pipe, sender, certified):
    assert pipe(b"Subject: Ferie\n\nSono in ferie.", sender) == os.EX_OK
    assert pipe(report(sender, status="boh"), sender) == os.EX_DATAERR
    assert pipe(b"x" * 10_000_000, sender) == os.EX_DATAERR
    assert pipe(report(sender), "b-1-000000000000000000000000@rimbalzi.portale.example") == os.EX_NOUSER
    assert not is_marked(certified)


def test_a_database_that_does_not_answer_makes_the_mail_server_try_again(pipe, sender):
    from django.db import OperationalError, connection

    def nobody_answers(*args):
        raise OperationalError("down")

    with connection.execute_wrapper(nobody_answers):
        assert pipe(report(sender), sender) == os.EX_TEMPFAIL


def test_a_relay_that_signs_is_heard(client, sender, certified):
    body = report(sender)
    answer = post(client, body, signed(body))
    assert (answer.status_code, answer.content) == (204, b"")
    assert is_marked(certified)


def test_a_report_posted_twice_is_refused_the_second_time(client, sender, certified):
    body = report(sender)
    headers = signed(body)
    post(client, body, headers)
    assert post(client, body, headers).status_code == 409
    assert Bounce.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        lambda body: {},
        lambda body: signed(body, secret=b"il segreto di un altro, lungo abbastanza"),
        lambda body: signed(body + b" "),
        lambda body: signed(body, datetime.now(UTC) - timedelta(minutes=6)),
        lambda body: signed(body, datetime.now(UTC) + timedelta(minutes=6)),
        lambda body: {**signed(body), "webhook-timestamp": "ora"},
        lambda body: {**signed(body), "webhook-timestamp": "9" * 400},
        lambda body: {**signed(body), "webhook-id": "msg_2"},
        lambda body: {**signed(body), "webhook-signature": "v1,"},
        lambda body: {**signed(body), "webhook-signature": "v1,è" },
    ],
)  # fmt: skip
def test_who_does_not_sign_or_signs_an_old_one_is_not_heard(client, sender, certified, headers):
    body = report(sender)
    answer = post(client, body, headers(body))
    assert (answer.status_code, answer.content) == (401, b"")
    assert not is_marked(certified)


def test_without_a_secret_there_is_no_door(client, sender, settings):
    settings.BOUNCE_SECRET = b""
    body = report(sender)
    assert post(client, body, signed(body)).status_code == 404


def test_a_relay_is_told_what_is_wrong_with_a_status_and_no_word(client, sender, certified):
    for body, status in (
        (report(sender, status="boh"), 422),
        (report("b-1-000000000000000000000000@rimbalzi.portale.example"), 404),
        (b"x" * 600_000, 413),
        (b"Subject: Ferie\nTo: " + sender.encode() + b"\n\nSono in ferie.", 204),
    ):
        answer = post(client, body, signed(body))
        assert (answer.status_code, answer.content) == (status, b"")
    assert not is_marked(certified)
    assert client.get(DOOR).status_code == 405
