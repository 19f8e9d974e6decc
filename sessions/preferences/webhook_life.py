"""A webhook opened, given a new secret, closed; a call tried again. Each in one transaction with the plan of the live ids."""

from datetime import datetime, timedelta

from django.db import transaction

from pharmacies.models import Pharmacy
from portal.database.claims import hold
from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.sealing import seal
from portal.waking import wake_after_commit
from sessions.models import Webhook, WebhookCall
from sessions.reminders import planning
from sessions.webhooks import events, signing

RETRY_FOR = timedelta(hours=1)
TESTS_AT_ONCE = 3  # waiting for an answer: the button is no hammer
TESTS_AN_HOUR = 10  # of one pharmacy, whatever became of them


@transaction.atomic
def open_at(pharmacy: Pharmacy, url: str, by: User, now: datetime) -> tuple[Webhook, str]:
    """From now on the gestionale is called there, about the live ids too. The secret in clear, for the page that shows it
    once. One that was open is closed.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    _close(pharmacy, now)
    secret = signing.new_secret()
    webhook = Webhook.objects.create(
        pharmacy=pharmacy, url=url, sealed_secret=seal(secret.encode()), opened_at=now, opened_by=by
    )
    planning.plan_again(pharmacy, now)
    record("webhook.opened", now=now, actor=by, about=pharmacy.code, subject=webhook)
    return webhook, secret


@transaction.atomic
def renew_secret(webhook: Webhook, by: User, now: datetime) -> str:
    """A new secret in clear, for the page that shows it once: calls are signed with it from now on."""
    secret = signing.new_secret()
    Webhook.objects.filter(pk=webhook.pk).update(sealed_secret=seal(secret.encode()))
    record("webhook.secret", now=now, actor=by, about=webhook.pharmacy.code, subject=webhook)
    return secret


@transaction.atomic
def close(webhook: Webhook, by: User, now: datetime) -> bool:
    """The gestionale is called no more, not even about what was waiting. False when it was closed already."""
    Pharmacy.objects.hold(webhook.pharmacy_id)
    if not _close(webhook.pharmacy, now):
        return False
    planning.plan_again(webhook.pharmacy, now)
    record("webhook.closed", now=now, actor=by, about=webhook.pharmacy.code, subject=webhook)
    return True


@transaction.atomic
def send_test(webhook: Webhook, now: datetime) -> bool:
    """«Prova». False when others still wait for their answer, or there were enough in the last hour."""
    Pharmacy.objects.hold(webhook.pharmacy_id)
    tests = WebhookCall.objects.filter(webhook__pharmacy=webhook.pharmacy_id, event=events.Event.TEST)
    too_many = (
        tests.waiting().count() >= TESTS_AT_ONCE
        or tests.filter(created_at__gt=now - timedelta(hours=1)).count() >= TESTS_AN_HOUR
    )
    if webhook.closed_at is not None or too_many:
        return False
    events.test(webhook, now)
    wake_after_commit("sessions.tasks.call_webhooks")
    return True


@transaction.atomic
def retry(call: WebhookCall, now: datetime) -> bool:
    """«Riprova». False when it waits already, or arrived, or its webhook is closed, or says «sta per scadere» of the past."""
    useful_for = RETRY_FOR
    if call.event == events.Event.EXPIRING and call.id_sessione is not None:
        useful_for = min(useful_for, call.id_sessione.expires_at - now)
    if useful_for <= timedelta(0) or not call.retry(now, useful_for):
        return False
    wake_after_commit("sessions.tasks.call_webhooks")
    return True


def _close(pharmacy: Pharmacy, now: datetime) -> bool:
    closed = Webhook.objects.open().filter(pharmacy=pharmacy).update(closed_at=now)
    waiting = hold(WebhookCall.objects.filter(webhook__pharmacy=pharmacy).unheld(now))
    WebhookCall.objects.filter(pk__in=waiting).update(withdrawn_at=now)
    return bool(closed)
