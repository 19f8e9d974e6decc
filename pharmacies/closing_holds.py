"""The one rule about the letters of a closed pharmacy: they wait, so that a reopening gives them back."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from pharmacies.models import Pharmacy
from portal.clock import ROME
from portal.outbox.models import OutgoingMail

Kind = OutgoingMail.Kind
# News (an address certified, changed, revoked; a closing) leave all the same: they ask for nothing that is closed.
HELD = (Kind.CODE, Kind.ISSUED, Kind.REMINDER, Kind.EXPIRED)


def without_closed(letters: Any, now: datetime) -> Any:
    """The letters (a queryset) that do not carry a code, an id or a reminder of a pharmacy that is closed at `now` (UTC)."""
    day = now.astimezone(ROME).date()
    closed = Pharmacy.objects.filter(code=OuterRef("about"), closed_on__lte=day)
    return letters.filter(~Q(kind__in=HELD) | ~Exists(closed))
