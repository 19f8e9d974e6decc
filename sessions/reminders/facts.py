"""Reads all that a round of reminders needs, in a number of queries that does not grow with the number of reminders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from pharmacies.models import MailCertification
from sessions.models import IdSessione, Reminder
from sessions.reminders import copies, together


@dataclass(frozen=True)
class RoundFacts:
    """Facts about the reminders that a worker has claimed. All keys are primary keys."""

    ids: dict[int, IdSessione]
    addresses: dict[int, MailCertification]  # by pharmacy: the address certified now, wherever the id was sent
    nearest: dict[int, int]  # by id: the smallest minutes_before among its reminders due now
    renewed: set[int]  # ids: see renewed()
    shared: set[str]  # mailboxes (address_key) with more than one id to tell of within minutes
    copies: copies.Wanted  # by pharmacy: the mailboxes of its copies
    covered: set[int]  # expired ids with a letter, or with a planned notice
    unwarned: set[int]  # expired ids whose planned reminder did not reach the pharmacy before the end

    @classmethod
    def of(cls, due: Sequence[Reminder], now: datetime) -> "RoundFacts":
        ids = IdSessione.objects.with_facts().in_bulk({reminder.id_sessione_id for reminder in due})
        certified = MailCertification.objects.current().select_related("pharmacy")
        pharmacies = {row.certification.pharmacy_id for row in ids.values()}
        addresses = {row.pharmacy_id: row for row in certified.filter(pharmacy__in=pharmacies)}
        letters = Reminder.objects.due(now).by_mail().order_by().filter(id_sessione__in=ids)
        least = letters.values("id_sessione").annotate(least=Min("minutes_before"))
        nearest = dict(least.values_list("id_sessione", "least"))
        keys = {certification.address_key for certification in addresses.values()}
        copied = copies.wanted({row.pharmacy_id for row in ids.values() if row.pharmacy_id is not None}, now)
        covered, unwarned = _covered_and_unwarned([pk for pk, row in ids.items() if row.expires_at <= now])
        beside = renewed(ids.values(), now), together.shared(keys, now), copied
        return cls(ids, addresses, nearest, *beside, covered, unwarned)

    def address_of(self, row: IdSessione) -> MailCertification | None:
        return self.addresses.get(row.certification.pharmacy_id)


def _covered_and_unwarned(expired: list[int]) -> tuple[set[int], set[int]]:
    """`covered` and `unwarned` of RoundFacts, for these expired ids (keys)."""
    if not expired:
        return set(), set()
    reminders = Reminder.objects.by_mail().filter(id_sessione__in=expired)
    sent, notices, missed = (
        set(queryset.values_list("id_sessione", flat=True))
        for queryset in (reminders.sent(), reminders.filter(minutes_before=0, settled_at=None), reminders.missed())
    )
    return sent | notices, missed - sent


def renewed(rows: Iterable[IdSessione], now: datetime) -> set[int]:
    """The keys of the ids that already have a newer, live, delivered id for the same utenza and context: their end is no news."""
    ids = list(rows)
    live = IdSessione.objects.live(now).arrived().filter(utenza__in={row.utenza_id for row in ids})
    newest: dict[tuple[int, int], tuple[datetime, int]] = {}
    for utenza, context, requested_at, pk in live.values_list("utenza", "context", "requested_at", "pk"):
        known = newest.setdefault((utenza, context), (requested_at, pk))
        newest[utenza, context] = max(known, (requested_at, pk))
    return {
        row.pk
        for row in ids
        if (found := newest.get((row.utenza_id, row.context_id))) and found > (row.requested_at, row.pk)
    }
