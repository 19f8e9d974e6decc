"""Examines a typed address with this portal's settings and with the PEC domains that its operators added."""

from django.conf import settings

from pharmacies.addresses.examination import ExaminedAddress, IsPec, examine
from pharmacies.models import PecDomain


def examined(typed: str) -> ExaminedAddress:
    """As examination.examine(), with CHECK_MX and PecDomain. Raises NotAnAddress, IsPec, IsDisposable, HasNoMx."""
    found = examine(typed, check_mx=settings.CHECK_MX)
    if PecDomain.objects.cover(found.domain):
        raise IsPec
    return found
