"""What a round of reminders must know, read at once: a few queries for a hundred reminders, however many they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from pharmacies.models import MailCertification
from sessions.models import IdSessione, Reminder
from sessions.reminders import copies, together


@dataclass(frozen=True)
class Facts:
    """Of the reminders that a worker has claimed."""

    ids: dict[int, IdSessione]
    addresses: dict[int, MailCertification]  # by pharmacy: the one certified now, whatever the id was sent to
    nearest: dict[int, int]  # by id: the fewest minutes before its end that a letter due now speaks of
    renewed: set[int]  # ids
    shared: set[str]  # mailboxes that may be told of more than one id
    copies: dict[int, str]  # by pharmacy: where a copy goes
    told: set[int]  # ids whose hours are over and of which a letter spoke, or a notice will speak
    unwarned: set[int]  # ids whose hours are over, of whose end the pharmacy was to be told before and was not

    @classmethod
    def of(cls, due: Sequence[Reminder], now: datetime) -> "Facts":
        ids = IdSessione.objects.with_facts().in_bulk({each.id_sessione_id for each in due})
        certified = MailCertification.objects.current().select_related("pharmacy")
        pharmacies = {row.certification.pharmacy_id for row in ids.values()}
        addresses = {each.pharmacy_id: each for each in certified.filter(pharmacy__in=pharmacies)}
        letters = Reminder.objects.due(now).by_mail().order_by().filter(id_sessione__in=ids)
        least = letters.values("id_sessione").annotate(least=Min("minutes_before"))
        nearest = dict(least.values_list("id_sessione", "least"))
        keys = {each.address_key for each in addresses.values()}
        copied = copies.addresses({row.pharmacy_id for row in ids.values() if row.pharmacy_id is not None}, now)
        told, unwarned = _said([pk for pk, row in ids.items() if row.expires_at <= now])
        beside = renewed(ids.values(), now), together.shared(keys, now), copied
        return cls(ids, addresses, nearest, *beside, told, unwarned)

    def address_of(self, row: IdSessione) -> MailCertification | None:
        return self.addresses.get(row.certification.pharmacy_id)


def _said(over: list[int]) -> tuple[set[int], set[int]]:
    """Of these ids, whose hours are over: those told of, those that should have been. See Facts."""
    if not over:
        return set(), set()
    theirs = Reminder.objects.by_mail().filter(id_sessione__in=over)
    said, notices, unsaid = (
        set(some.values_list("id_sessione", flat=True))
        for some in (theirs.said(), theirs.filter(minutes_before=0, settled_at=None), theirs.unsaid())
    )
    return said | notices, unsaid - said


def renewed(rows: Iterable[IdSessione], now: datetime) -> set[int]:
    """The keys of those of which a newer id for the same utenza and context is live and did not fail to arrive: nobody needs
    to be told that these end.
    """
    mine = list(rows)
    live = IdSessione.objects.live(now).arrived().filter(utenza__in={row.utenza_id for row in mine})
    newest: dict[tuple[int, int], tuple[datetime, int]] = {}
    for utenza, context, requested_at, pk in live.values_list("utenza", "context", "requested_at", "pk"):
        known = newest.setdefault((utenza, context), (requested_at, pk))
        newest[utenza, context] = max(known, (requested_at, pk))
    return {
        row.pk
        for row in mine
        if (found := newest.get((row.utenza_id, row.context_id))) and found > (row.requested_at, row.pk)
    }
