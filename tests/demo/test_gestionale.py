"""The demonstration's gestionale: called as in production, on this machine; no other address here is allowed."""

import json
from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from portal.demo.gestionale import OwnGestionale, address
from portal.demo.models import DemoCall
from portal.demo.seed.people import SAN_MARCO, SANTA_LUCIA
from sessions.models import IdSessione, NightDuty, Reminder, ReminderSettings, Webhook, WebhookCall
from sessions.preferences import webhook_life
from sessions.webhooks import events
from sessions.webhooks.addresses import PublicHttps, UnsuitableAddress
from sessions.webhooks.signing import signed
from tests.conftest import sign_in

pytestmark = pytest.mark.django_db
PAGE = "/prova/gestionale/"


@pytest.fixture
def call(anna, san_marco) -> tuple[WebhookCall, str]:
    """A trial call for Anna's pharmacy, not made yet, and the secret."""
    webhook, secret = webhook_life.open_at(san_marco, address(), anna, timezone.now())
    return events.test(webhook, timezone.now()), secret


def post(row: WebhookCall, secret: str, how: str = "riceve", **changed: str) -> int:
    headers = signed(secret, row.message_id, timezone.now(), row.body)
    body = changed.get("body", row.body)
    answer = Client(enforce_csrf_checks=True).post(
        f"{PAGE}{how}/", body, content_type="application/json", headers=headers
    )
    return answer.status_code


def page() -> str:
    return Client().get(PAGE).content.decode()


@pytest.mark.parametrize(("how", "answered"), [("riceve", 204), ("guasto", 503), ("rifiuta", 410)])
def test_a_call_is_believed_shown_and_answered_as_the_address_says(call, how, answered):
    assert "Ancora nessun avviso" in page()
    assert post(*call, how) == answered
    html = page()
    assert "portale.test" in html
    assert "Valida" in html
    assert call[0].message_id in html
    assert call[1] not in html


def test_a_call_with_another_body_or_another_key_is_shown_and_not_believed(call):
    row, secret = call
    assert post(row, secret, body=row.body.replace("Prova", "Altro")) == 401
    assert post(row, "whsec_" + "A" * 43 + "=") == 401
    assert page().count("Non valida") == 2


@pytest.mark.parametrize("body", ["", "{", "[]", '{"data": 3}', "\x00", r'{"data": {"farmacia": "\u0000"}}'])
def test_what_is_no_call_is_refused(call, body):
    assert post(*call, body=body) == 401
    assert "Non valida" in page()


def test_what_is_too_long_or_sent_elsewhere_is_not_kept(call):
    assert post(*call, "altrove") == 404
    assert post(*call, body="x" * 65537) == 413
    assert not DemoCall.objects.exists()


def test_only_the_newest_are_kept(call):
    DemoCall.objects.bulk_create(
        DemoCall(received_at=timezone.now() - timedelta(days=1), is_signed=True, answered=204, body="{}")
        for _ in range(510)
    )
    post(*call)
    assert DemoCall.objects.count() == 500
    assert DemoCall.objects.first().message_id == call[0].message_id


@pytest.mark.parametrize(
    "typed",
    [
        "http://127.0.0.1:1/prova/gestionale/riceve/", "http://127.0.0.1/", "https://localhost/",
        "http://gestionale.example.it/", "{here}/prova/posta/", "{here}/prova/gestionale/altrove/",
        "{here}/prova/gestionale/riceve/?x=1",
    ],
)  # fmt: skip
def test_nothing_else_on_this_machine_may_be_called(typed, settings):
    with pytest.raises(UnsuitableAddress):
        OwnGestionale().target(typed.format(here=settings.PORTAL_URL))


def test_the_pharmacist_connects_it_on_the_page(anna, certified):
    client = sign_in(Client(), anna)
    client.post("/servizi/4512/avvisi/gestionale/collega/", {"indirizzo": address("guasto")})
    assert Webhook.objects.get().url == address("guasto")


def test_production_does_not_start_with_the_rule_of_the_demonstration(settings):
    settings.DEMO = False
    assert "sessions.E004" in {found.id for found in run_checks()}
    settings.WEBHOOK_ADDRESSES = f"{PublicHttps.__module__}.{PublicHttps.__name__}"
    assert "sessions.E004" not in {found.id for found in run_checks()}


def test_the_seed_tells_hours_nights_and_the_gestionali():
    call_command("seed_demo", verbosity=0)
    now = timezone.now()
    anna = ReminderSettings.objects.get(pharmacy__code=SAN_MARCO)
    row = IdSessione.objects.filter(pharmacy__code=SAN_MARCO).live(now).get()
    coming = Reminder.objects.by_mail().filter(id_sessione=row, settled_at=None)
    assert anna.week is not None
    assert coming.exists()
    stretches = anna.openings(now).stretches(now, row.expires_at)
    told_before = coming.filter(minutes_before__gt=0)
    assert all(any(open_.has(reminder.due_at) for open_ in stretches) for reminder in told_before)
    assert ReminderSettings.objects.exclude(hours=None).count() > 10
    assert NightDuty.objects.exclude(pharmacy__code=SAN_MARCO).exists()
    assert {webhook.pharmacy.code for webhook in Webhook.objects.open()} == {SAN_MARCO, SANTA_LUCIA}
    assert WebhookCall.objects.waiting().count() == 2
    soon = Reminder.objects.filter(channel="gestionale", id_sessione__pharmacy__code=SANTA_LUCIA, settled_at=None)
    assert soon.earliest("due_at").due_at < now + timedelta(minutes=3)


def test_a_new_start_on_another_port_finds_the_gestionale_again(settings):
    call_command("seed_demo", verbosity=0)
    settings.PORTAL_URL = "http://127.0.0.1:8099"
    call_command("seed_demo", verbosity=0)
    assert {webhook.url for webhook in Webhook.objects.open()} == {"http://127.0.0.1:8099/prova/gestionale/riceve/"}


def test_what_a_call_says_can_be_read(call):
    post(*call)
    content = DemoCall.objects.get().content
    assert json.loads(DemoCall.objects.get().pretty) == content
    assert content["data"]["farmacia"] == "4512"
