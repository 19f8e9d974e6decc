"""Saves the choice «Pronto all’apertura»; the turns are taken in ids/before_opening.py."""

from datetime import datetime

from django.db import transaction

from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.journal.models import record
from sessions.models import Context, ReadyAtOpening
from sessions.models.context import ContextQuerySet
from sessions.reminders.planning import hold_settings


def offered(pharmacy: Pharmacy) -> ContextQuerySet:
    """The contexts for which this site may choose it."""
    allowed = Context.objects.for_pharmacies().askable_by(pharmacy).open_to_new()
    return allowed.filter(before_opening=True, policy=Context.Policy.OVERLAP)


@transaction.atomic
def choose(pharmacy: Pharmacy, minutes: int | None, by: User, now: datetime) -> None:
    """Saves the choice and plans the next turn; None: the portal asks for no ids by itself."""
    Pharmacy.objects.hold(pharmacy.pk)
    chosen = hold_settings(pharmacy)
    before = ReadyAtOpening.objects.filter(pharmacy=pharmacy).select_for_update(no_key=True).first()
    if minutes == (before.minutes if before else None):
        return
    if minutes is None:
        ReadyAtOpening.objects.filter(pharmacy=pharmacy).delete()
        record("hours.not_ready", now=now, actor=by, about=pharmacy.code)
        return
    row = before or ReadyAtOpening(pharmacy=pharmacy)
    row.minutes, row.chosen_by, row.chosen_at = minutes, by, now
    row.save()
    row.plan(chosen.openings(now), now)
    record("hours.ready", now=now, actor=by, about=pharmacy.code, minutes=minutes)
