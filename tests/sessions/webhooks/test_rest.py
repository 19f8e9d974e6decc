"""A webhook that answers 410, or takes nothing for a day, is closed and told; a Retry-After is kept."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.models import Webhook, WebhookCall
from sessions.preferences import webhook_life
from sessions.webhooks import events, post
from sessions.webhooks.calls import call_due
from tests.sessions.conftest import MORNING

HOUR = timedelta(hours=1)


def news() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(subject__startswith="Il gestionale non riceve più"))


def failing(webhook: Webhook, at: datetime, **more: object) -> WebhookCall:
    """A call that was tried and not accepted."""
    call = events.test(webhook, at)
    WebhookCall.objects.filter(pk=call.pk).update(attempts=3, created_at=at, **more)
    return call


def test_a_410_closes_the_webhook_and_the_pharmacy_is_told_once(gestionale, connected, certified, anna_client):
    events.test(connected[0], MORNING)
    gestionale.status = 410
    call_due(MORNING)
    assert webhook_life.put_to_rest(MORNING) == 1
    assert webhook_life.put_to_rest(MORNING) == 0
    webhook = Webhook.objects.get()
    assert (webhook.closed_at, webhook.closed_because) == (MORNING, "gone")
    assert [letter.recipient for letter in news()] == [certified.address]
    assert Entry.objects.filter(verb="webhook.rested").count() == 1


def test_a_day_without_an_accepted_call_closes_it(connected, certified):
    failing(connected[0], MORNING)
    assert webhook_life.put_to_rest(MORNING + 24 * HOUR - timedelta(seconds=1)) == 0
    assert webhook_life.put_to_rest(MORNING + 24 * HOUR) == 1
    assert Webhook.objects.get().closed_because == "silent"
    assert len(news()) == 1
    assert not WebhookCall.objects.waiting().exists()


def test_one_accepted_call_within_the_day_keeps_it(connected, certified):
    failing(connected[0], MORNING)
    ok = events.test(connected[0], MORNING + 20 * HOUR)
    ok.accept(MORNING + 20 * HOUR, "Risponde 200")
    assert webhook_life.put_to_rest(MORNING + 30 * HOUR) == 0
    failing(connected[0], MORNING + 21 * HOUR)
    assert webhook_life.put_to_rest(MORNING + 44 * HOUR) == 0
    assert webhook_life.put_to_rest(MORNING + 45 * HOUR) == 1


def test_a_failure_of_long_ago_and_no_event_since_closes_nothing(connected, certified):
    failing(connected[0], MORNING, failed_at=MORNING + HOUR)
    assert webhook_life.put_to_rest(MORNING + 40 * HOUR) == 0


def test_what_was_never_tried_or_was_withdrawn_closes_nothing(connected, certified):
    events.test(connected[0], MORNING)
    failing(connected[0], MORNING, withdrawn_at=MORNING)
    assert webhook_life.put_to_rest(MORNING + 30 * HOUR) == 0


def test_without_a_certified_address_it_is_closed_and_nobody_is_told(connected):
    failing(connected[0], MORNING)
    assert webhook_life.put_to_rest(MORNING + 25 * HOUR) == 1
    assert news() == []


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 5 ", timedelta(seconds=5)),
        ("999999", timedelta(days=1)),
        ("-1", timedelta(0)),
        ("", timedelta(0)),
        ("domani", timedelta(0)),
        ("١٢", timedelta(0)),
        ("Mon, 30 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Mon, 30 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Mon, 30 Nov 2026 12:10:00", timedelta(0)),
    ],
)
def test_a_retry_after_is_read_as_seconds_or_a_date(header, wait):
    with time_machine.travel(datetime(2026, 11, 30, 12, 0, tzinfo=UTC), tick=False):
        assert post._wait(header) == wait


def test_no_call_is_made_before_the_retry_after(gestionale, connected):
    call = events.test(connected[0], MORNING)
    WebhookCall.objects.update(give_up_at=MORNING + HOUR)
    gestionale.status, gestionale.headers = 503, {"Retry-After": "600"}
    call_due(MORNING)
    assert WebhookCall.objects.get(pk=call.pk).next_attempt_at >= MORNING + timedelta(seconds=590)


def test_the_page_says_that_the_portal_closed_it(connected, certified, anna_client):
    failing(connected[0], MORNING)
    webhook_life.put_to_rest(MORNING + 25 * HOUR)
    page = anna_client.get(f"/servizi/{certified.pharmacy.code}/avvisi/gestionale/").content.decode()
    assert "Abbiamo scollegato il gestionale" in page
    assert "per un giorno intero" in page
