"""Makes the calls that are due and writes down what came of each. At least once: a repeated call has the same number.

The same discipline as the outbox: claimed with a lease, tried again with growing pauses, given up when it is no use any more.
"""

import logging
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import F

from portal.database.claims import claim
from portal.secrets.sealing import SealBroken, unseal
from portal.time import pauses
from sessions.models import WebhookCall
from sessions.models.webhook import LEASE
from sessions.webhooks.post import Answer, Parcel, post_all
from sessions.webhooks.signing import signed

log = logging.getLogger(__name__)
AT_ONCE = 20
ROUND_FOR = 60.0  # seconds; then the worker is free for another task, and what is left is due at the next round
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=20), timedelta(hours=1)
TOO_LATE = "Non consegnato in tempo"
UNREADABLE = Answer(False, "La chiave non si apre: creane una nuova", for_ever=True)


def call_due(now: datetime, limit: int = 100_000) -> int:
    """Makes what is due, oldest first, until nothing is, or `limit` were tried, or ROUND_FOR is over; how many the gestionali
    took.

    Any number of workers may do it at once. A gestionale that fails is left alone until the next round.
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
        for call, answer in zip(held, _answers(held, clock()), strict=True):
            accepted += _write_down(call, answer, clock())
            if not answer.accepted:
                failing.add(call.webhook_id)
    return accepted


@transaction.atomic
def _claim(now: datetime, failing: set[int], most: int) -> list[WebhookCall]:
    """Some that are due, ours for LEASE."""
    rows = WebhookCall.objects.due(now).exclude(webhook__in=failing).order_by("next_attempt_at", "pk")
    lease = now + LEASE
    keys = [row.pk for row in claim(rows, most, leased_until=lease, attempts=F("attempts") + 1)]
    ours = WebhookCall.objects.filter(pk__in=keys, leased_until=lease)
    return list(ours.select_related("webhook").order_by("next_attempt_at", "pk"))


def _answers(calls: list[WebhookCall], now: datetime) -> list[Answer]:
    parcels: dict[int, Parcel] = {}
    for call in calls:
        try:
            secret = unseal(call.webhook.sealed_secret).decode()
        except SealBroken:
            log.error("Call %s: none of SEALING_KEYS opens its secret.", call.message_id)
            continue
        parcels[call.pk] = Parcel(call.webhook.url, signed(secret, call.message_id, now, call.body), call.body)
    answers = dict(zip(parcels, post_all(list(parcels.values())), strict=True))
    return [answers.get(call.pk, UNREADABLE) for call in calls]


def _write_down(call: WebhookCall, answer: Answer, now: datetime) -> bool:
    if answer.accepted:
        call.accept(now, answer.words)
        return True
    log.info("Call %s, attempt %d: %s", call.message_id, call.attempts, answer.words)
    if answer.for_ever:
        call.fail(now, answer.words)
    else:
        call.postpone(_after(call, now), answer.words)
    return False


def _give_up(now: datetime) -> None:
    WebhookCall.objects.disconnected(now).update(withdrawn_at=now)
    for call in WebhookCall.objects.too_late(now):
        last = f": {call.last_answer}" if call.last_answer else ""
        call.fail(now, f"{TOO_LATE}{last}"[:200])


def _after(call: WebhookCall, now: datetime) -> datetime:
    """20 s, 40 s … 1 h, as the outbox spaces its letters."""
    return pauses.next_attempt_at(now, pauses.growing(call.attempts, FIRST_PAUSE, LONGEST_PAUSE), call.give_up_at)
