"""Formats an ID-SESSIONE for pages and mails. `{% load id_sessione %}`."""

from typing import Any

from django import template

from pharmacies.certification.situation import PharmacyCard
from pharmacies.models import Pharmacy
from sessions.ids.board import IdBoard, board_of, boards_of
from sessions.preferences.handover import inherited

register = template.Library()


@register.filter
def groups(plain: str) -> list[str]:
    """Splits the 36 characters into five groups after the dashes. Joined, the groups are the id."""
    *head, tail = plain.split("-")
    return [*(f"{part}-" for part in head), tail]


@register.inclusion_tag("sessions/summary.html", takes_context=True)
def id_sessione_summary(context: template.Context, pharmacy: Pharmacy) -> dict[str, Any]:
    """The cards of the overview page. Needs `now` and `request` in the context."""
    kept = ("now", "request", "fragment", "csrf_token", "office", "assistance_phone")
    now, situation = context["now"], context.get("situation")
    if situation is None:
        board = board_of(pharmacy, now)
    else:  # the page has read the address already
        board = boards_of([pharmacy], {pharmacy.pk: situation.current}, now)[pharmacy.pk]
    return {name: context.get(name) for name in kept} | {"pharmacy": pharmacy, "board": board}


@register.simple_tag(takes_context=True)
def by_urgency(context: template.Context, cards: list[PharmacyCard]) -> list[tuple[PharmacyCard, IdBoard]]:
    """Each card of the list of pharmacies with its ids, the most urgent first. Needs `now` in the context."""
    addresses = {card.office.pharmacy_id: card.situation.current for card in cards}
    boards = boards_of([card.office.pharmacy for card in cards], addresses, context["now"])
    pairs = [(card, boards[card.office.pharmacy_id]) for card in cards]
    return sorted(pairs, key=lambda pair: pair[1].urgency)


@register.inclusion_tag("sessions/handover_panel.html", takes_context=True)
def handover_panel(context: template.Context, pharmacy: Pharmacy) -> dict[str, Any]:
    """The box of the overview page: what a former holder left, for a holder who decides; empty for a delegate."""
    things = inherited(pharmacy, context["now"]) if context["office"].may_certify else []
    delegations = sum(thing.is_delegation for thing in things)
    return {"pharmacy": pharmacy, "things": things, "delegations": delegations, "others": len(things) - delegations}
