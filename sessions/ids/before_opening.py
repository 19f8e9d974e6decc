"""«Pronto all’apertura»: asks for the missing ids of a pharmacy before it opens. Nobody asked for these ids: IdSessione.by_portal.

The turn of a pharmacy is one transaction: its ids, their letter and the plan of the next turn. A worker that is killed leaves
nothing half done, and two workers do not take the same turn. Its locks: see issuing.py.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from pharmacies.models import Pharmacy, Utenza
from portal.database.claims import hold, skip_locked
from portal.database.contention import is_busy
from portal.time import database_clock
from sessions.ids import issuing
from sessions.ids.issuing_refused import IssuingRefused
from sessions.models import AskableContext, Context, IdSessione, ReadyAtOpening, ReminderSettings

log = logging.getLogger(__name__)
BATCH = 50  # pharmacies in one round
USED_WITHIN = timedelta(days=30)
TRY_AGAIN_AFTER = timedelta(minutes=2)  # a pharmacy that fails must not block the others


def prepare_due(now: datetime, limit: int = BATCH) -> int:
    """Takes up to `limit` turns that are due, each in its own transaction. Returns how many. Workers may run it in parallel.

    Takes none while this machine's clock is astray.
    """
    if database_clock.is_astray():
        return 0
    due = list(ReadyAtOpening.objects.due(now).values_list("pharmacy", flat=True)[:limit])
    return sum(_alone(pharmacy, now) for pharmacy in due)


def _alone(pharmacy: int, now: datetime) -> bool:
    """Takes one turn; when it fails, postpones it, so that the others go on."""
    try:
        return _take_turn(pharmacy, now)
    except Exception as error:
        if is_busy(error):
            raise
        log.exception("The ids before an opening failed: the turn waits.")
    ReadyAtOpening.objects.filter(pharmacy=pharmacy, due_at__lte=now).update(due_at=now + TRY_AGAIN_AFTER)
    return False


@transaction.atomic
def _take_turn(pharmacy: int, now: datetime) -> bool:
    """False when another worker has the pharmacy or has taken the turn."""
    if not list(skip_locked(Pharmacy.objects.filter(pk=pharmacy).order_by("pk")).values_list("pk")):
        return False
    hold(Utenza.objects.filter(pharmacy=pharmacy))
    turns = ReadyAtOpening.objects.due(now).filter(pharmacy=pharmacy).select_related("pharmacy__reminder_settings")
    row = turns.select_for_update(of=("self",), no_key=True).first()
    if row is None:
        return False
    opening, openings = row.opening_at, ReminderSettings.objects.of(row.pharmacy).openings(now)
    if opening is not None and opening > now:
        row.handled_until = opening
    row.plan(openings, now)
    if opening is not None and opening > now:  # after an outage it may be over: the pharmacy has asked by itself
        _make(row.pharmacy, opening, now)
    return True


def _make(pharmacy: Pharmacy, opening: datetime, now: datetime) -> list[IdSessione]:
    """Issues the ids that the opening needs, with one letter. Nothing when no id may be issued now."""
    drafts = []
    certification = None
    for utenza, context in needed(pharmacy, opening, now):
        try:
            _, certification = issuing.reachable(utenza, now)
        except IssuingRefused:
            continue
        drafts.append(issuing.draw(utenza, context, certification, now, None))
        drafts[-1].row.by_portal = True
    if certification is not None:
        issuing.write(drafts, certification, now)
    return [draft.row for draft in drafts]


def needed(pharmacy: Pharmacy, opening: datetime, now: datetime) -> list[tuple[Utenza, Context]]:
    """The utenze and contexts that need an id for this opening: used within USED_WITHIN, allowed, and without a live id then.

    Never a context whose new id ends the earlier ones (policy replace). A context is used when a person or a gestionale asked for
    an id or presented one: an id that the portal asked for does not count, so an utenza at rest gets no more.
    """
    by_hand = Q(by_portal=False) | Q(first_used_at__isnull=False)
    since = now - USED_WITHIN
    ids = IdSessione.objects.filter(by_hand, pharmacy=pharmacy, requested_at__gt=since, utenza__pharmacy=pharmacy)
    allowed = Context.objects.open_to_new().filter(
        before_opening=True,
        policy=Context.Policy.OVERLAP,
        pk__in=AskableContext.objects.filter(type=pharmacy.type).values("context"),
    )
    used = set(ids.filter(context__in=allowed).values_list("utenza", "context").distinct())
    live = IdSessione.objects.filter(pharmacy=pharmacy, expires_at__gt=opening).live(now)
    missing = sorted(used - set(live.values_list("utenza", "context")))
    utenze = Utenza.objects.select_related("pharmacy").in_bulk({utenza for utenza, _ in missing})
    contexts = allowed.in_bulk({context for _, context in missing})
    return [(utenze[utenza], contexts[context]) for utenza, context in missing if utenze[utenza].is_usable]
