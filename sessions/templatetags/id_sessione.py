"""Formats an ID-SESSIONE for pages and mails. `{% load id_sessione %}`."""

from typing import Any

from django import template

from pharmacies.models import MailCertification, Pharmacy
from sessions.ids.cards import current
from sessions.models import IdSessione
from sessions.preferences.handover import inherited

register = template.Library()


@register.filter
def groups(plain: str) -> list[str]:
    """Splits the 36 characters into five groups after the dashes. Joined, the groups are the id."""
    *head, tail = plain.split("-")
    return [*(f"{part}-" for part in head), tail]


@register.inclusion_tag("sessions/summary.html", takes_context=True)
def id_sessione_summary(context: template.Context, pharmacy: Pharmacy) -> dict[str, Any]:
    """The box of the overview page: the live ids of this pharmacy, or how to have one. Needs `now` and `request` in the context."""
    now = context["now"]
    rows = IdSessione.objects.filter(pharmacy=pharmacy).live(now).with_facts().order_by("-expires_at")
    certified = MailCertification.objects.current().filter(pharmacy=pharmacy).exists()
    last = None if rows else IdSessione.objects.filter(pharmacy=pharmacy).order_by("-requested_at").first()
    shown = {"pharmacy": pharmacy, "now": now, "cards": current(list(rows), now), "last": last, "certified": certified}
    return {**shown, "request": context["request"]}


@register.inclusion_tag("sessions/handover_panel.html", takes_context=True)
def handover_panel(context: template.Context, pharmacy: Pharmacy) -> dict[str, Any]:
    """The box of the overview page: what a former holder left, for a holder who decides; empty for a delegate."""
    things = inherited(pharmacy, context["now"]) if context["office"].may_certify else []
    delegations = sum(thing.is_delegation for thing in things)
    return {"pharmacy": pharmacy, "things": things, "delegations": delegations, "others": len(things) - delegations}
