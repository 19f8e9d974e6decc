"""Makes the webhook calls that are due and saves the outcome of each. At least once: a repeated call has the same message id.

As in the outbox, a worker claims a call with a lease, retries it with growing pauses and gives it up when it is of no use.
"""

import logging
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import F

from portal.database.claims import claim
from portal.secrets.sealing import SealBroken, unseal
from portal.time import database_clock, pauses
from sessions.models import WebhookCall
from sessions.models.webhook import LEASE
from sessions.webhooks.post import Parcel, WebhookReply, post_all
from sessions.webhooks.signing import signed

log = logging.getLogger(__name__)
AT_ONCE = 20
ROUND_FOR = 60.0  # seconds; then the worker is free for other tasks, and the next round makes the remaining calls
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=20), timedelta(hours=1)
TOO_LATE = "Non consegnato in tempo"
UNREADABLE = WebhookReply(False, "La chiave non si apre: creane una nuova", is_final=True)


def call_due(now: datetime, limit: int = 100_000) -> int:
    """Makes the due calls, oldest first, until none is left, `limit` were tried, or ROUND_FOR is over. Returns how many were
    accepted.

    Workers may run it in parallel. After a failed call the round makes no further call to the same webhook.
    """
    started = monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=monotonic() - started)

    _give_up(now)
    accepted = tried = 0
    failing: set[int] = set()
    while (
        tried < limit
        and monotonic() - started < ROUND_FOR
        and (held := _claim(clock(), failing, min(AT_ONCE, limit - tried)))
    ):
        tried += len(held)
        for call, reply in zip(held, _replies(held, clock()), strict=True):
            accepted += _write_down(call, reply, clock())
            if not reply.accepted:
                failing.add(call.webhook_id)
    return accepted


@transaction.atomic
def _claim(now: datetime, failing: set[int], most: int) -> list[WebhookCall]:
    """Claims up to `most` due calls for LEASE."""
    rows = WebhookCall.objects.due(now).exclude(webhook__in=failing).order_by("next_attempt_at", "pk")
    lease = database_clock.real_of(now) + LEASE
    keys = [row.pk for row in claim(rows, most, leased_until=lease, attempts=F("attempts") + 1)]
    claimed = WebhookCall.objects.filter(pk__in=keys, leased_until=lease)
    return list(claimed.select_related("webhook").order_by("next_attempt_at", "pk"))


def _replies(calls: list[WebhookCall], now: datetime) -> list[WebhookReply]:
    # the gestionale compares the instant of the signature with its own clock
    parcels, real = dict[int, Parcel](), database_clock.real_of(now)
    for call in calls:
        try:
            secret, *before = (unseal(sealed).decode() for sealed in call.webhook.sealed_secrets(now))
        except SealBroken:
            log.error("Call %s: none of SEALING_KEYS opens its secret.", call.message_id)
            continue
        parcels[call.pk] = Parcel(
            call.webhook.url, signed(secret, call.message_id, real, call.body, *before), call.body
        )
    replies = dict(zip(parcels, post_all(list(parcels.values())), strict=True))
    return [replies.get(call.pk, UNREADABLE) for call in calls]


def _write_down(call: WebhookCall, reply: WebhookReply, now: datetime) -> bool:
    if reply.accepted:
        call.accept(now, reply.words)
        return True
    log.info("Call %s, attempt %d: %s", call.message_id, call.attempts, reply.words)
    if reply.is_final:
        call.fail(now, reply.words)
    else:
        call.postpone(_after(call, now, reply.wait), reply.words)
    return False


def _give_up(now: datetime) -> None:
    WebhookCall.objects.disconnected(now).update(withdrawn_at=now)
    for call in WebhookCall.objects.too_late(now):
        last = f": {call.last_answer}" if call.last_answer else ""
        call.fail(now, f"{TOO_LATE}{last}"[:200])


def _after(call: WebhookCall, now: datetime, wait: timedelta) -> datetime:
    """When to retry: after 20 s, 40 s … 1 h, as the outbox spaces its letters, and not before `wait` (Retry-After)."""
    again = pauses.next_attempt_at(now, pauses.growing(call.attempts, FIRST_PAUSE, LONGEST_PAUSE), call.give_up_at)
    return max(again, now + wait)
