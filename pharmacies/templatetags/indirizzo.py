"""The certified address on the pages of a pharmacy. `{% load indirizzo %}`."""

from typing import Any

from django import template

from pharmacies.certification.mailbox_trouble import MailboxTrouble, trouble_of
from pharmacies.models import MailCertification

register = template.Library()
SAID_THERE = ("mail", "certify", "ids")  # these pages tell it themselves, with what to do


@register.inclusion_tag("pharmacies/unreachable.html", takes_context=True)
def unreachable_banner(context: template.Context) -> dict[str, Any]:
    """On every page of a pharmacy, from the login on: its address no longer receives, and who can mend it. Empty when it does."""
    pharmacy = context["pharmacy"]
    current = None
    if context.get("current") not in SAID_THERE:
        in_force = MailCertification.objects.current().filter(pharmacy=pharmacy)
        current = in_force.exclude(undeliverable_at=None).first()
    return {"certification": current, "pharmacy": pharmacy, "office": context.get("office")}


@register.filter
def mailbox_trouble(certification: MailCertification | None) -> MailboxTrouble | None:
    """What is wrong with the address in force; None: nothing, or there is no address."""
    return trouble_of(certification) if certification is not None else None
