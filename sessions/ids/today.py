"""«Richiedi gli ID di oggi»: one click asks for every id that is missing or about to end, with one letter. Its locks: see issuing.py."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from pharmacies.models import Pharmacy, Utenza
from portal.database.claims import hold
from portal.identity.models import User
from sessions.ids import issuing
from sessions.ids.board import KindCard, board_of
from sessions.ids.issuing import IdDraft, Issued

CUTS_OFF = "CutsOff"  # the new id would end at once an id that is in use: a person asks for it on its card
TOO_MANY = "TooMany"  # the limit of requests in an hour


@dataclass(frozen=True)
class NotMade:
    """A card for which no id was made, and why: the class name of a refusal, CUTS_OFF or TOO_MANY."""

    card: KindCard
    why: str


@dataclass
class TodayOutcome:
    """The result of the click. `again_at`: when a further id may be asked for (UTC), when the limit stopped some."""

    made: list[Issued] = field(default_factory=list)
    already: list[KindCard] = field(default_factory=list)  # an id lives, and is not about to end
    not_made: list[NotMade] = field(default_factory=list)
    again_at: datetime | None = None

    @property
    def is_repeat(self) -> bool:
        """Whether a click a moment ago did all the work: a double click."""
        return not self.made and not self.not_made and any(card.is_same_request for card in self.already)


@transaction.atomic
def request_today(pharmacy: Pharmacy, now: datetime, by: User) -> TodayOutcome:
    """Issues an id for each card of the board that has none or whose ids are about to end; one letter carries them all.

    Concerns the utenze that had an id within 30 days; when none had, the first usable one. A second click finds the ids of the
    first. Raises nothing: a card that cannot have an id is in `not_made`.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    hold(Utenza.objects.filter(pharmacy=pharmacy))
    board = board_of(Pharmacy.objects.get(pk=pharmacy.pk), now)
    outcome, left = TodayOutcome(), 0
    wanted = [card for card in board.cards if card.needs_one]
    outcome.already = [card for card in board.cards if not card.needs_one]
    if wanted:
        left, again_at = issuing.requests_left(pharmacy.pk, now)
    drafts: list[IdDraft] = []
    for card in wanted:
        why = card.obstacle or (CUTS_OFF if card.would_cut_off else "") or (TOO_MANY if len(drafts) >= left else "")
        if why:
            outcome.not_made.append(NotMade(card, why))
            outcome.again_at = again_at if why == TOO_MANY else outcome.again_at
        elif board.certification is not None:
            drafts.append(issuing.draw(card.utenza, card.context, board.certification, now, by))
    if drafts and board.certification is not None:
        issuing.write(drafts, board.certification, now)
        outcome.made = [Issued(draft.row, draft.plain) for draft in drafts]
    return outcome
