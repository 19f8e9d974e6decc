"""The brake on logins begun: each is a row, and a provider is asked to do something for it."""

from datetime import datetime, timedelta

from django.conf import settings

from portal.identity.models import LoginTransaction
from portal.secrets.codes import keyed_hash

# How many: LOGINS_FROM_A_PLACE, LOGINS_IN_ALL. Twenty thousand pharmacies within half an hour are some 3,300 in five minutes; an
# office of three hundred behind one address passes.
WINDOW = timedelta(minutes=5)


def hash_of(place: str) -> str:
    """The keyed hash of the network that a login comes from; "" for an unknown one, which is in no count of a place."""
    return keyed_hash("login-begun", place) if place else ""


def not_before(place: str, now: datetime) -> datetime | None:
    """When another login may begin (UTC), by the limits of its place and of all; None for now."""
    lately = LoginTransaction.objects.filter(expires_at__gt=now - WINDOW + settings.LOGIN_PENDING_FOR)
    lately = lately.order_by("-expires_at")
    counts = [(lately, settings.LOGINS_IN_ALL)]
    if place:
        counts.append((lately.filter(place_hash=hash_of(place)), settings.LOGINS_FROM_A_PLACE))
    full = [row for rows, limit in counts for row in rows.values_list("started_at", flat=True)[limit - 1 : limit]]
    return max(full) + WINDOW if full else None
