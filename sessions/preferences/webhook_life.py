"""Opens, renews, tests and closes a webhook, and retries a call. Opening and closing plan the live ids anew, in one transaction."""

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
TESTS_AT_ONCE = 3  # of one pharmacy, waiting for a reply
TESTS_AN_HOUR = 10  # of one pharmacy, whatever their outcome


@transaction.atomic
def open_at(pharmacy: Pharmacy, url: str, by: User, now: datetime) -> tuple[Webhook, str]:
    """Opens a webhook at this URL, for the live ids too, and closes the previous one.

    Returns it with its secret in clear, for the page that shows it once.
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
    """Replaces the secret that signs the calls. Returns the new one in clear, for the page that shows it once."""
    secret = signing.new_secret()
    Webhook.objects.filter(pk=webhook.pk).update(sealed_secret=seal(secret.encode()))
    record("webhook.secret", now=now, actor=by, about=webhook.pharmacy.code, subject=webhook)
    return secret


@transaction.atomic
def close(webhook: Webhook, by: User, now: datetime) -> bool:
    """Closes the webhook and withdraws its waiting calls. False when it was closed already."""
    Pharmacy.objects.hold(webhook.pharmacy_id)
    if not _close(webhook.pharmacy, now):
        return False
    planning.plan_again(webhook.pharmacy, now)
    record("webhook.closed", now=now, actor=by, about=webhook.pharmacy.code, subject=webhook)
    return True


@transaction.atomic
def send_test(webhook: Webhook, now: datetime) -> bool:
    """«Prova»: writes a test call. False when TESTS_AT_ONCE still wait, when there were TESTS_AN_HOUR, or when it is closed."""
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
    """«Riprova»: makes a failed call due again. False when it has not failed, its webhook is closed, or it warns of an expiry
    that is past.
    """
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
