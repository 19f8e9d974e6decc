"""Template tags for the certified address of a pharmacy. `{% load indirizzo %}`."""

from datetime import datetime
from typing import Any

from django import template

from pharmacies.certification.mailbox_trouble import MailboxTrouble, trouble_of
from pharmacies.certification.situation import Situation
from pharmacies.certification.succession import Succession, succession_of
from pharmacies.models import MailCertification

register = template.Library()
WITHOUT_BANNER = ("mail", "certify", "ids")  # these pages explain the trouble and the remedy themselves


@register.inclusion_tag("pharmacies/unreachable.html", takes_context=True)
def unreachable_banner(context: template.Context) -> dict[str, Any]:
    """Shows on every page of a pharmacy that its address does not receive mail and who can fix it; empty when it does."""
    pharmacy = context["pharmacy"]
    current, situation = None, context.get("situation")
    if isinstance(situation, Situation):  # the page has read the address already
        current = situation.current if situation.current and situation.current.undeliverable_at else None
        current = None if context.get("current") in WITHOUT_BANNER else current
    elif "address_in_force" in context:  # so has this one
        in_force_now = context["address_in_force"]
        current = in_force_now if in_force_now is not None and in_force_now.undeliverable_at else None
    elif context.get("current") not in WITHOUT_BANNER:
        in_force = MailCertification.objects.current().filter(pharmacy=pharmacy)
        current = in_force.exclude(undeliverable_at=None).first()
    return {"certification": current, "pharmacy": pharmacy, "office": context.get("office")}


@register.filter
def mailbox_trouble(certification: MailCertification | None) -> MailboxTrouble | None:
    """Returns the trouble with the address in force; None without trouble or address."""
    return trouble_of(certification) if certification is not None else None


@register.filter
def succession(certification: MailCertification | None, now: datetime) -> Succession | None:
    """Returns why a holder must confirm the address in force; None when nobody must. `{% with x=certification|succession:now %}`"""
    return succession_of(certification, now)
