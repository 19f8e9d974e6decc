"""Calls are signed, retried, given up; never sent to a private network, never redirected."""

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from standardwebhooks import Webhook as Receiver

from sessions.ids import issuing
from sessions.models import Webhook, WebhookCall
from sessions.preferences import webhook_life
from sessions.webhooks import calls, events
from sessions.webhooks.calls import call_due
from tests.certificates import InHouseAuthority, as_python_3_13, self_signed, served_with
from tests.parallel import in_parallel
from tests.sessions.conftest import MORNING

from .conftest import WebhookReceiver, serve

MIN = timedelta(minutes=1)


@pytest.fixture
def call(connected) -> WebhookCall:
    return events.test(connected[0], MORNING)


def fresh(call: WebhookCall) -> WebhookCall:
    return WebhookCall.objects.get(pk=call.pk)


def test_the_signature_is_the_one_of_standard_webhooks(gestionale, connected) -> None:
    now = timezone.now()
    call = events.test(connected[0], now)
    assert call_due(now) == 1
    ((path, headers, body),) = gestionale.heard
    assert path == "/avvisi?chi=farmacia"
    assert headers["Content-Type"] == "application/json"
    assert headers["Host"] in gestionale.url
    assert Receiver(connected[1]).verify(body, headers)["type"] == "portale.test"
    assert headers["webhook-id"] == call.message_id
    assert fresh(call).accepted_at is not None
    assert fresh(call).last_answer == "Risponde 200"
    assert call_due(now) == 0


def test_the_old_key_signs_for_a_day_after_the_new_one(gestionale, connected, call, anna) -> None:
    now = timezone.now()
    renewed = webhook_life.renew_secret(connected[0], anna, now - timedelta(hours=23))
    events.test(connected[0], now)
    call_due(now)
    _, headers, body = gestionale.heard[-1]
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Receiver(renewed).verify(body, headers)
    assert Receiver(connected[1]).verify(body, headers)


def test_after_a_day_the_old_key_does_not_verify(gestionale, connected, call, anna) -> None:
    now = timezone.now()
    renewed = webhook_life.renew_secret(connected[0], anna, now - timedelta(hours=24))
    events.test(connected[0], now)
    call_due(now)
    _, headers, body = gestionale.heard[-1]
    assert Receiver(renewed).verify(body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        Receiver(connected[1]).verify(body, headers)


@pytest.mark.parametrize("status", [500, 404, 429, 301])
def test_a_gestionale_that_fails_is_called_again_with_the_same_number_after_growing_pauses(
    status, gestionale, call
) -> None:
    gestionale.status, gestionale.headers = status, {"Location": gestionale.url}
    pauses, at = [], MORNING
    for _ in range(3):
        assert call_due(at) == 0
        pauses.append((fresh(call).next_attempt_at - at).total_seconds())
        assert call_due(at + timedelta(seconds=pauses[-1] - 2)) == 0
        at += timedelta(seconds=pauses[-1] + 1)
    assert 16 <= pauses[0] <= 25
    assert pauses[0] < pauses[1] < pauses[2]
    assert len(gestionale.heard) == 3  # a redirect is not followed
    assert {headers["webhook-id"] for _, headers, _ in gestionale.heard} == {call.message_id}
    gestionale.status = 204
    assert call_due(at) == 1


def test_what_is_no_use_any_more_is_given_up_and_can_be_tried_again_by_hand(gestionale, call) -> None:
    gestionale.status = 500
    call_due(MORNING)
    late = MORNING + 6 * MIN
    call_due(late)
    assert fresh(call).failed_at == late
    assert fresh(call).last_answer == "Non consegnato in tempo: Risponde 500"
    gestionale.status = 200
    assert webhook_life.retry(fresh(call), late)
    assert not webhook_life.retry(fresh(call), late)
    assert call_due(late) == 1
    assert fresh(call).failed_at is None


def test_that_an_id_is_about_to_expire_is_never_told_after_its_end(
    gestionale, connected, utenza, certified, context
) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    events.of_time(row, WebhookCall.Event.EXPIRING, row.expires_at - 30 * MIN)
    gestionale.status = 500
    call_due(row.expires_at - 30 * MIN)
    call_due(row.expires_at)
    gestionale.status = 200
    call = WebhookCall.objects.get()
    assert call.failed_at == row.expires_at
    assert len(gestionale.heard) == 1
    assert not webhook_life.retry(call, row.expires_at)
    assert webhook_life.retry(call, row.expires_at - MIN)
    assert fresh(call).give_up_at == row.expires_at


def test_a_gestionale_that_wants_no_more_is_not_called_again(gestionale, call) -> None:
    gestionale.status = 410
    call_due(MORNING)
    assert fresh(call).failed_at is not None
    assert "non vuole più" in fresh(call).last_answer


def test_one_that_fails_does_not_hold_back_the_others(gestionale, connected, call, bruno, al_redentore) -> None:
    Webhook.objects.filter(pk=connected[0].pk).update(url="http://127.0.0.1:9/")
    for _ in range(3):
        events.test(connected[0], MORNING)
    other, _ = webhook_life.open_at(al_redentore, gestionale.url, bruno, MORNING)
    other_call = events.test(other, MORNING + MIN)
    assert call_due(MORNING + MIN) == 1
    assert fresh(other_call).accepted_at is not None
    assert fresh(call).last_answer == "Il server non accetta il collegamento"


def test_a_webhook_that_is_closed_is_called_no_more(gestionale, connected, call, anna) -> None:
    webhook_life.close(connected[0], anna, MORNING)
    assert call_due(MORNING) == 0
    assert gestionale.heard == []
    assert fresh(call).withdrawn_at == MORNING
    assert not webhook_life.retry(fresh(call), MORNING)


def test_the_rule_is_asked_again_at_every_call(gestionale, connected, call, settings) -> None:
    """The name may resolve to another machine by now: the address at the moment of the call counts."""
    settings.WEBHOOK_ADDRESSES = "sessions.webhooks.addresses.PublicHttps"
    assert call_due(MORNING) == 0
    assert gestionale.heard == []
    assert fresh(call).last_answer == "L’indirizzo deve cominciare con https://"


def test_a_proxy_of_the_environment_is_not_used(gestionale, call, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert call_due(MORNING) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(settings, tmp_path, san_marco, anna) -> None:
    settings.WEBHOOK_ADDRESSES = "tests.sessions.webhooks.conftest.ThisMachine"
    for served in serve(WebhookReceiver(), served_with(self_signed(tmp_path))):
        webhook, _ = webhook_life.open_at(san_marco, served.url, anna, MORNING)
        call = events.test(webhook, MORNING)
        assert call_due(MORNING) == 0
        assert fresh(call).last_answer == "Il certificato del server non è valido"
        assert served.heard == []


@pytest.mark.parametrize(
    ("bears", "words"),
    [("gestionale.example.it", "Risponde 200"), ("altro.example.it", "Il certificato del server non è valido")],
)
def test_the_number_is_called_and_the_certificate_must_bear_the_name(
    bears, words, settings, tmp_path, monkeypatch, san_marco, anna
) -> None:
    """The authority is an old one: Python 3.13 would refuse its certificates, which lack a key identifier."""
    settings.WEBHOOK_ADDRESSES = "tests.sessions.webhooks.conftest.NamedHere"
    as_python_3_13(monkeypatch)
    authority = InHouseAuthority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    for served in serve(WebhookReceiver(), served_with(authority.server(host=bears))):
        url = served.url.replace("127.0.0.1", "gestionale.example.it")
        webhook, _ = webhook_life.open_at(san_marco, url, anna, MORNING)
        call = events.test(webhook, MORNING)
        call_due(MORNING)
        assert fresh(call).last_answer == words
        assert [headers["Host"] for _, headers, _ in served.heard] == [url.split("/")[2]] * (words == "Risponde 200")


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_make_each_call_once(gestionale, connected) -> None:
    for _ in range(6):
        events.test(connected[0], MORNING)
    assert sum(in_parallel([partial(call_due, MORNING) for _ in range(4)])) == 6
    assert len(gestionale.heard) == len({headers["webhook-id"] for _, headers, _ in gestionale.heard}) == 6


def test_the_command_does_what_the_timetable_does(gestionale, call, capsys) -> None:
    with time_machine.travel(MORNING, tick=False):
        call_command("call_webhooks")
        call_command("call_webhooks")
    assert capsys.readouterr().out == "Calls taken: 1.\nCalls taken: 0.\n"


def test_nothing_is_called_after_the_gestionale_is_disconnected(gestionale, connected, call, anna) -> None:
    """Not even a call that a worker held at that moment and lost when it died."""
    WebhookCall.objects.update(leased_until=MORNING + MIN)
    webhook_life.close(connected[0], anna, MORNING)
    assert call_due(MORNING + 2 * MIN) == 0
    assert gestionale.heard == []
    assert fresh(call).withdrawn_at is not None
    assert fresh(call).outcome == "Ritirato"


def test_a_round_makes_every_call_that_is_due(gestionale, connected, monkeypatch) -> None:
    monkeypatch.setattr(calls, "AT_ONCE", 4)  # the test's server accepts no more at once
    now = timezone.now()
    for _ in range(130):
        events.test(connected[0], now)
    assert call_due(now) == 130
