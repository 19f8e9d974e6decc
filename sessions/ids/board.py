"""The ids of a pharmacy at a glance: one card for each utenza and kind of prescription. Read with three queries for any
number of pharmacies, utenze and ids.

Contexts with the same words (Context.kind) are one kind for people: a live id of any of them fills the card, and the first one is
asked for.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.database.composed import Composed
from portal.time import database_clock
from portal.time.clock import ROME, moment_in_words
from sessions.ids.cards import IdCard
from sessions.ids.issuing import is_same_request
from sessions.models import AskableContext, Context, IdSessione

UNUSED_AFTER = timedelta(days=30)  # without an id for so long, an utenza folds behind «Altre utenze»


@dataclass(frozen=True)
class KindCard:
    """One utenza and one kind of prescription."""

    utenza: Utenza
    context: Context  # of the id for which «Richiedi» asks
    ids: tuple[IdCard, ...]  # live, the newest first
    obstacle: str  # the class name of the refusal of a new id (sessions/ids/issuing_refused.py); "" when there is none
    letter_obstacle: str  # the same, when a live id cannot be sent again either

    @property
    def kind(self) -> str:
        return self.context.kind

    @property
    def kind_inside(self) -> str:
        return self.context.kind_inside

    @property
    def missing_words(self) -> str:
        """The word of the pill of a card without an id."""
        return gettext("Nessun ID %(kind)s") % {"kind": self.kind_inside}

    @property
    def key(self) -> str:
        """For the anchors and labels of a page."""
        return f"{self.utenza.pk}-{self.context.pk}"

    @property
    def query(self) -> str:
        """For a link or a form that asks for this id: `utenza=3&uso=1`."""
        return urlencode({"utenza": self.utenza.pk, "uso": self.context.pk})

    @property
    def newest(self) -> IdCard | None:
        return self.ids[0] if self.ids else None

    @property
    def is_missing(self) -> bool:
        return not self.ids

    @property
    def is_ending(self) -> bool:
        return bool(self.ids) and all(card.is_expiring for card in self.ids)

    @property
    def needs_one(self) -> bool:
        """Whether «Richiedi gli ID di oggi» should ask for an id here."""
        return self.is_missing or self.is_ending

    @property
    def would_cut_off(self) -> bool:
        """Whether a new id would end at once an id that still lives: policy replace."""
        return bool(self.ids) and self.context.policy == Context.Policy.REPLACE

    @property
    def light(self) -> str:
        """Colour of the kind: `ok`, `warn` (ends within the hour, or its letter did not arrive), `bad` (no id)."""
        if self.newest is None:
            return "bad"
        return "warn" if self.is_ending or self.newest.letter_failed else "ok"

    @property
    def light_words(self) -> str:
        """`Ricetta SSN: fino a domani alle 00:58`, or that there is none."""
        if self.newest is None:
            return self.missing_words
        until = moment_in_words(self.newest.row.expires_at, self.newest.now)
        return gettext("%(kind)s: scade %(until)s") % {"kind": self.kind, "until": until}

    @property
    def is_same_request(self) -> bool:
        """Whether a person asked for the newest id a moment ago."""
        return self.newest is not None and is_same_request(self.newest.row, self.newest.now)

    @property
    def on_its_way(self) -> bool:
        """Whether a letter with one of these ids waits to leave."""
        return any(card.row.letter.is_waiting for card in self.ids)


@dataclass(frozen=True)
class UtenzaGroup:
    """The cards of one utenza, one for each kind."""

    utenza: Utenza
    is_used: bool  # it has had an id within UNUSED_AFTER
    cards: tuple[KindCard, ...]

    @property
    def is_live(self) -> bool:
        return any(card.ids for card in self.cards)


@dataclass(frozen=True)
class IdBoard:
    """All cards of a pharmacy."""

    pharmacy: Pharmacy
    certification: MailCertification | None  # in force
    groups: tuple[UtenzaGroup, ...]  # the ones that people see first
    folded: tuple[UtenzaGroup, ...]  # unused
    has_contexts: bool  # the pharmacy may ask for ids of at least one context, or has live ones
    obstacle: str  # the refusal that holds for every utenza; "" when there is none

    @property
    def cards(self) -> list[KindCard]:
        return [card for group in self.groups for card in group.cards]

    @property
    def has_utenze(self) -> bool:
        return bool(self.groups)

    @property
    def unused_for(self) -> timedelta:
        return UNUSED_AFTER

    @property
    def hides_cards(self) -> bool:
        """Whether there is nothing to show or to ask for: no certified address and no live id."""
        return self.obstacle == "NoCertifiedAddress" and not any(card.ids for card in self.cards)

    @property
    def several_utenze(self) -> bool:
        return len(self.groups) > 1

    @property
    def lights(self) -> list[KindCard]:
        """The worst card of each kind: what the list of several pharmacies shows."""
        worst: dict[str, KindCard] = {}
        for card in self.cards:
            kept = worst.get(card.kind)
            if kept is None or URGENCY.index(card.light) < URGENCY.index(kept.light):
                worst[card.kind] = card
        return list(worst.values())

    @property
    def urgency(self) -> int:
        """0 when a kind has no id, then 1 when one needs attention, 2 when all is well, 3 without an utenza or a context."""
        return min((URGENCY.index(card.light) for card in self.cards), default=len(URGENCY))

    @property
    def on_its_way(self) -> bool:
        return any(card.on_its_way for card in self.cards)

    @property
    def to_make(self) -> list[KindCard]:
        """The cards that «Richiedi gli ID di oggi» would fill: missing or ending, no obstacle, nothing live cut off."""
        return [card for card in self.cards if card.needs_one and not card.obstacle and not card.would_cut_off]


URGENCY = ("bad", "warn", "ok")


def board_of(pharmacy: Pharmacy, now: datetime, *, also: int | None = None) -> IdBoard:
    """`also`: the key of an utenza that must not fold."""
    certifications = MailCertification.objects.current().filter(pharmacy=pharmacy).select_related("pharmacy")
    return boards_of([pharmacy], {pharmacy.pk: certifications.first()}, now, also=also)[pharmacy.pk]


def boards_of(
    pharmacies: Sequence[Pharmacy],
    certifications: Mapping[int, MailCertification | None],
    now: datetime,
    *,
    also: int | None = None,
) -> dict[int, IdBoard]:
    """The board of each pharmacy by its key. `certifications`: the address in force of each, by the key of the pharmacy."""
    keys = [pharmacy.pk for pharmacy in pharmacies]
    types = {pharmacy.type for pharmacy in pharmacies}
    one = len(keys) == 1  # a person's own page: compiled once per process
    facts = _Facts(
        utenze=_by(_UTENZE.all(keys[0], now) if one else _utenze(keys, now), "pharmacy_id"),
        live=_by(_LIVE.all(keys[0], now) if one else _live(keys, now), "pharmacy_id"),
        askable=_by(_RIGHTS.all(*types) if one else _rights(types), "type"),
        certifications=certifications,
    )
    return {pharmacy.pk: facts.board(pharmacy, now, also) for pharmacy in pharmacies}


def _utenze(pharmacies: Sequence[int], now: datetime) -> "QuerySet[Utenza]":
    recent = IdSessione.objects.filter(utenza=OuterRef("pk"), requested_at__gt=now - UNUSED_AFTER)
    utenze = Utenza.objects.filter(pharmacy__in=pharmacies).defer("password", "pincode")
    return utenze.annotate(is_used=Exists(recent)).order_by("user_id")


def _live(pharmacies: Sequence[int], now: datetime) -> "QuerySet[IdSessione]":
    live = IdSessione.objects.filter(pharmacy__in=pharmacies).live(now).with_facts().select_related("requested_by")
    return live.defer("letter__sealed_source", "utenza__password", "utenza__pincode").order_by("-requested_at", "-pk")


def _rights(types: Iterable[int]) -> "QuerySet[AskableContext]":
    rights = AskableContext.objects.filter(type__in=types, context__closed_to_new=False)
    return rights.exclude(context__applicazione="PRESCRITTORE").select_related("context").order_by("context")


_UTENZE = Composed(lambda pharmacy, now: _utenze([pharmacy], now))
_LIVE = Composed(lambda pharmacy, now: _live([pharmacy], now))
_RIGHTS = Composed(lambda kind: _rights([kind]))


def _by(rows: Iterable, attribute: str) -> dict:  # type: ignore[type-arg]  # rows of any model
    found = defaultdict(list)
    for row in rows:
        found[getattr(row, attribute)].append(row)
    return found


@dataclass(frozen=True)
class _Facts:
    """The rows of several pharmacies, by pharmacy (contexts by type of site)."""

    utenze: dict[int, list[Utenza]]
    live: dict[int, list[IdSessione]]
    askable: dict[int, list[AskableContext]]
    certifications: Mapping[int, MailCertification | None]

    def board(self, pharmacy: Pharmacy, now: datetime, also: int | None) -> IdBoard:
        certification = self.certifications.get(pharmacy.pk)
        obstacle = _obstacle(pharmacy, certification, now)
        askable = [right.context for right in self.askable[pharmacy.type]]
        live = [row for row in self.live[pharmacy.pk] if row.context.applicazione != "PRESCRITTORE"]
        groups = [
            _group(utenza, [row for row in live if row.utenza_id == utenza.pk], askable, live, obstacle, now)
            for utenza in self.utenze[pharmacy.pk]
        ]
        shown = [group for group in groups if group.is_used or group.is_live or group.utenza.pk == also]
        if not any(group.utenza.is_usable for group in shown):
            usable = next((group for group in groups if group.utenza.is_usable), None)
            shown = [*shown, usable] if usable is not None else shown or groups[:1]
        shown.sort(key=lambda group: (not group.utenza.is_usable, group.utenza.user_id))
        keys = {group.utenza.pk for group in shown}
        folded = tuple(group for group in groups if group.utenza.pk not in keys)
        return IdBoard(pharmacy, certification, tuple(shown), folded, bool(askable or live), obstacle)


def _obstacle(pharmacy: Pharmacy, certification: MailCertification | None, now: datetime) -> str:
    """As issuing.reachable, in its order, without the utenza: the refusal for the whole pharmacy."""
    if database_clock.is_astray():
        return "ClockAstray"
    if not pharmacy.is_open(now.astimezone(ROME).date()):
        return "PharmacyClosed"
    if certification is None:
        return "NoCertifiedAddress"
    return "AddressUnreachable" if certification.undeliverable_at is not None else ""


def _group(
    utenza: Utenza,
    ids: list[IdSessione],
    askable: list[Context],
    live: list[IdSessione],
    obstacle: str,
    now: datetime,
) -> UtenzaGroup:
    """A card for each kind that the pharmacy may ask for, and for each kind of a live id: an id outlives the right to ask again."""
    obstacle = obstacle or ("" if utenza.is_usable else "UtenzaNotUsable")
    of_kind: dict[str, list[Context]] = defaultdict(list)
    may_ask = {context.pk for context in askable}
    for context in sorted(
        {row.pk: row for row in [*askable, *(row.context for row in live)]}.values(), key=lambda context: context.pk
    ):
        of_kind[context.kind].append(context)
    cards = []
    for contexts in of_kind.values():
        keys = {context.pk for context in contexts}
        first = next((context for context in contexts if context.pk in may_ask), contexts[0])
        why_not = obstacle or ("" if first.pk in may_ask else "ContextNotForSite")
        these = tuple(IdCard(row, now) for row in ids if row.context_id in keys)
        if first.pk in may_ask or these:
            cards.append(KindCard(utenza, first, these, why_not, obstacle))
    return UtenzaGroup(utenza, bool(getattr(utenza, "is_used", False)), tuple(cards))
