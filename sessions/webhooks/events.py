"""Writes the events for the gestionale, each as a row in the transaction of its cause. No event holds the id itself."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.database.composed import Composed
from sessions.hours.moments import Moment, moments
from sessions.models import IdSessione, State, Webhook, WebhookCall

Event = WebhookCall.Event
EXPIRING_BEFORE = 60  # minutes before the end, whatever the opening hours: a program reads at any time
NEWS_FOR = timedelta(hours=24)  # after the expiry or the revocation; then the call is given up
_OPEN = Composed(lambda pharmacy: Webhook.objects.open().filter(pharmacy=pharmacy).only("pk"))
_OF_ONE = Composed(lambda pk: Webhook.objects.open().filter(pharmacy__ids=pk).select_related("pharmacy"))
TEST_FOR = timedelta(minutes=5)


def coming(expires_at: datetime, now: datetime, *, warned: bool = False) -> list[Moment]:
    """The events, from `now` on, of an id that expires at `expires_at` (UTC). `warned`: the warning is sent or due already."""
    return moments(expires_at, (EXPIRING_BEFORE, 0), now, warned=warned)


def has_webhook(pharmacy: int | None) -> bool:
    """Whether this pharmacy (key) has an open webhook."""
    return pharmacy is not None and bool(_OPEN.all(pharmacy))


def of_time(row: IdSessione, event: Event, now: datetime) -> None:
    """Writes the event that the id is about to expire or has expired. Does nothing when no webhook is open."""
    give_up_at = row.expires_at if event == Event.EXPIRING else row.expires_at + NEWS_FOR
    for webhook in Webhook.objects.open().filter(pharmacy=row.pharmacy_id):
        _write(webhook, event, row, now, give_up_at)


def revoked(ids: Iterable[int], now: datetime) -> None:
    """Writes an event for each of these ids (keys) that is Revocato now and whose pharmacy has a webhook. Idempotent."""
    keys = list(ids)
    if not keys:
        return
    open_now = Webhook.objects.open().select_related("pharmacy")
    for webhook in _OF_ONE.all(*keys) if len(keys) == 1 else open_now.filter(pharmacy__ids__in=keys).distinct():
        for row in IdSessione.objects.with_facts().filter(pk__in=keys, pharmacy=webhook.pharmacy_id):
            if row.state(now) is State.REVOCATO:
                why = "sostituito" if row.replaced_by_id else "revocato"
                _write(webhook, Event.REVOKED, row, now, now + NEWS_FOR, motivo=why)


def test(webhook: Webhook, now: datetime) -> WebhookCall:
    """Writes the event of «Prova», which is about no id."""
    data = {"farmacia": webhook.pharmacy.code, "messaggio": "Prova del portale: nessun ID SESSIONE è cambiato."}
    return WebhookCall.objects.create(
        webhook=webhook, event=Event.TEST, body=_body(Event.TEST, data, now), created_at=now, next_attempt_at=now,
        give_up_at=now + TEST_FOR,
    )  # fmt: skip


def _write(webhook: Webhook, event: Event, row: IdSessione, now: datetime, give_up_at: datetime, **more: str) -> None:
    data = {
        "farmacia": row.pharmacy.code if row.pharmacy else "",
        "utenza": row.utenza.user_id,
        "contesto": row.context.contesto,
        "applicazione": row.context.applicazione,
        "ultime4": row.last4,
        "richiesto_il": _stamp(row.requested_at),
        "scade_il": _stamp(row.expires_at),
        **more,
    }
    call = WebhookCall(
        webhook=webhook, id_sessione=row, event=event, body=_body(event, data, now), created_at=now,
        next_attempt_at=now, give_up_at=give_up_at,
    )  # fmt: skip
    WebhookCall.objects.bulk_create([call], ignore_conflicts=True)


def _body(event: Event, data: dict[str, Any], now: datetime) -> str:
    return json.dumps({"type": event.value, "timestamp": _stamp(now), "data": data}, separators=(",", ":"))


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
