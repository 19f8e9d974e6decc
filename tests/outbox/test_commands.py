"""The operator's commands for the outbox."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.outbox.models import MailDomain, OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from tests.outbox.sink import free_port

BOX = "idsessione@farmaciasanmarco.it"


def said(*argv: str) -> str:
    out = StringIO()
    call_command(*argv, stdout=out)
    return out.getvalue()


def test_a_test_letter_leaves_at_once_and_the_answer_is_told(db, sink):
    words = said("send_test_mail", BOX)
    assert "accepted    250 2.0.0 OK" in words
    assert sink.recipients == [BOX]
    assert "la posta del portale arriva" in sink.letters[0].get_body(("plain",)).get_content()


def test_a_test_letter_that_is_refused_fails_and_is_not_tried_again(db, sink):
    sink.at_rcpt[BOX] = ["451 4.7.1 later"]
    with pytest.raises(CommandError, match=r"Not accepted: 451 4\.7\.1 later"):
        said("send_test_mail", BOX)
    assert deliver_due(timezone.now() + timedelta(minutes=2)) == 0
    assert not sink.letters


def test_a_test_letter_without_a_server_says_so(db, sink, settings):
    settings.EMAIL_PORT = free_port()
    with pytest.raises(CommandError, match="Il server di posta non risponde"):
        said("send_test_mail", BOX)


def test_a_test_letter_goes_to_an_address_only(db):
    with pytest.raises(CommandError, match="not an e-mail address"):
        said("send_test_mail", "farmacia")


def test_the_outbox_tells_what_waits_and_who_refuses(write, sink):
    sink.at_rcpt["piena@piena.it"] = ["550 5.1.1 no such user"]
    sink.at_rcpt["dopo@lento.it"] = ["451 4.3.2 busy"]
    write("piena@piena.it"), write("dopo@lento.it")
    now = timezone.now()
    deliver_due(now)
    write(now=now - timedelta(minutes=12))
    MailDomain.objects.filter(name="lento.it").update(rests_until=now + timedelta(minutes=5))
    report = json.loads(said("outbox", "--json"))
    assert (report["letters"], report["due"], report["held"]) == (2, 1, 0)
    assert report["waiting"][0]["kind"] == "code"
    assert (report["refused"], report["too_late"]) == (1, 0)
    assert [domain["name"] for domain in report["domains"]] == ["lento.it", "piena.it"]
    words = said("outbox")
    assert "oldest due   12 min" in words
    assert "lento.it: 0 not delivered, rests until" in words
    assert "@" not in words


def test_an_empty_outbox_says_so(db):
    assert "waiting      0" in said("outbox")
    assert json.loads(said("outbox", "--json"))["oldest_due"] is None


def test_a_letter_that_was_not_sent_in_time_is_counted_apart(write):
    row = write()
    OutgoingMail.objects.give_up(row.give_up_at)
    report = json.loads(said("outbox", "--json"))
    assert (report["letters"], report["too_late"], report["refused"]) == (0, 1, 0)


def test_the_meaning_of_an_answer_is_told_with_the_line_that_decided(db):
    assert said("reasons", "550 5.1.1 <x@y.example>: no such user").splitlines()[0].startswith("dead: ")
    assert "By its words, as in «552 5.2.2 mailbox full» (many)." in said("reasons", "552 mailbox full")
    assert "By its number alone" in said("reasons", "550 5.1.1")
    assert "No line of the table fits." in said("reasons", "550 no")
    assert "RFC 7505" in said("reasons")
