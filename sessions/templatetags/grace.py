"""The dates from which ids become mandatory, for the public page «Stato del servizio». `{% load grace %}`."""

from datetime import datetime

from django import template
from django.db.models import QuerySet

from sessions.models import Context

register = template.Library()


@register.simple_tag
def not_yet_mandatory(now: datetime) -> QuerySet[Context]:
    """The contexts whose date is to come, the nearest first."""
    return Context.objects.filter(mandatory_from__gt=now).order_by("mandatory_from", "pk")
