"""Opens, renews, tests and closes a webhook, and retries a call. Opening and closing plan the live ids anew, in one transaction."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from pharmacies.models import Pharmacy
from portal.database.claims import hold
from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.sealing import seal
from portal.waking import wake_after_commit
from sessions.letters import webhook_letters
from sessions.models import Webhook, WebhookCall
from sessions.models.webhook import WebhookEnd
from sessions.reminders import planning
from sessions.webhooks import events, signing
from sessions.webhooks.post import GONE_WORDS

RETRY_FOR = timedelta(hours=1)
OLD_SECRET_FOR = timedelta(hours=24)  # Standard Webhooks: two signatures while the key changes
SILENT_FOR = timedelta(days=1)
STILL_FAILS_WITHIN = timedelta(hours=6)  # a failure long ago, and no event since, ends nothing
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
    """Replaces the secret that signs the calls; the old one signs too for OLD_SECRET_FOR. Returns the new one in clear, for the
    page that shows it once.
    """
    secret = signing.new_secret()
    Webhook.objects.filter(pk=webhook.pk).update(
        sealed_secret=seal(secret.encode()),
        sealed_secret_before=F("sealed_secret"),
        secret_before_until=now + OLD_SECRET_FOR,
    )
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


def put_to_rest(now: datetime) -> int:
    """Closes the webhooks that answered 410, or have taken no call for SILENT_FOR and still fail, and tells their pharmacies.

    Returns how many.
    """
    calls = WebhookCall.objects.filter(webhook=OuterRef("pk"))
    accepted = calls.filter(accepted_at__isnull=False).order_by("-accepted_at").values("accepted_at")[:1]
    failing = calls.filter(attempts__gt=0, accepted_at=None, withdrawn_at=None)
    still = failing.filter(Q(failed_at=None) | Q(failed_at__gt=now - STILL_FAILS_WITHIN))
    silent = Webhook.objects.annotate(last=Coalesce(Subquery(accepted), F("opened_at"))).filter(
        Exists(failing.filter(created_at__lte=now - SILENT_FOR, created_at__gte=OuterRef("last"))), Exists(still)
    )
    gone = Webhook.objects.filter(Exists(failing.filter(last_answer=GONE_WORDS, failed_at__isnull=False)))
    ended = dict.fromkeys(silent.open().values_list("pk", flat=True), WebhookEnd.SILENT)
    ended |= dict.fromkeys(gone.open().values_list("pk", flat=True), WebhookEnd.GONE)
    return sum(
        _rest(Webhook.objects.select_related("pharmacy").get(pk=pk), end, now) for pk, end in sorted(ended.items())
    )


@transaction.atomic
def _rest(webhook: Webhook, end: WebhookEnd, now: datetime) -> bool:
    Pharmacy.objects.hold(webhook.pharmacy_id)
    if not Webhook.objects.open().filter(pk=webhook.pk).exists() or not _close(webhook.pharmacy, now):
        return False
    webhook.closed_because = end
    Webhook.objects.filter(pk=webhook.pk).update(closed_because=end)
    planning.plan_again(webhook.pharmacy, now)
    record("webhook.rested", now=now, about=webhook.pharmacy.code, subject=webhook, why=str(end.label))
    webhook_letters.put_to_rest(webhook, now)
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
