"""The pharmacies whose calls passed yesterday without a valid id. The gate stops them from the date of the context."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, Sum

from pharmacies.models import MailCertification, Pharmacy, Utenza
from pharmacies.models.pharmacy import PharmacyQuerySet
from sessions.letters.mandatory_letters import MandatorySoon
from sessions.models import Context, GraceCalls
from sessions.models.grace import italian_day
from sessions.staff.lists.selection import ALL, PharmacySelection


def yesterday(now: datetime) -> date:
    """The last whole Italian day."""
    return italian_day(now) - timedelta(days=1)


def in_order(selection: PharmacySelection, now: datetime, contexts: Collection[int] | None = None) -> PharmacyQuerySet:
    """The open pharmacies of these filters with such calls, with `calls` and `reachable`, the most calls first.

    `reachable`: a letter to the certified address arrives. `contexts`: the keys of the only contexts that count.
    """
    found = Q(utenze__grace_calls__day=yesterday(now))
    if contexts is not None:
        found &= Q(utenze__grace_calls__context__in=contexts)
    addresses = MailCertification.objects.current().filter(undeliverable_at=None, pharmacy=OuterRef("pk"))
    pharmacies = replace(selection, state=ALL, delivery="").pharmacies(now)
    counted = pharmacies.annotate(calls=Sum("utenze__grace_calls__calls", filter=found))
    return counted.filter(calls__gt=0).annotate(reachable=Exists(addresses)).order_by("-calls", "name", "pk")


def coming_dates(pharmacy: Pharmacy, now: datetime) -> list[MandatorySoon]:
    """The contexts of which this pharmacy will be stopped: date to come, calls of yesterday; the nearest date first."""
    called = GraceCalls.objects.filter(utenza__pharmacy=pharmacy, day=yesterday(now), context__mandatory_from__gt=now)
    numbers = dict(called.order_by().values_list("context").annotate(Sum("calls")))
    rows = Context.objects.filter(pk__in=numbers).order_by("mandatory_from", "pk")
    return [MandatorySoon(row, numbers[row.pk]) for row in rows]


def number_of(context: Context, day: date) -> int:
    """How many utenze of the whole nation called without a valid id of this context on this day, those of doctors too."""
    return Utenza.objects.filter(grace_calls__context=context, grace_calls__day=day).count()


def contexts_of(now: datetime) -> list[Context]:
    """The contexts with such calls yesterday, and those whose ids are not mandatory yet."""
    called = GraceCalls.objects.filter(context=OuterRef("pk"), day=yesterday(now))
    return list(Context.objects.filter(Q(Exists(called)) | Q(mandatory_from__gt=now)).order_by("pk"))
