"""Holds back the letters of a closed pharmacy until it reopens."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from pharmacies.models import Pharmacy
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME
from sessions.models import IdSessione

Kind = OutgoingMail.Kind
# Other letters (an address certified, changed or revoked; a closing) still leave: they need no open pharmacy.
HELD = (Kind.CODE, Kind.ISSUED, Kind.REMINDER, Kind.EXPIRED)
SHARED = (Kind.REMINDER, Kind.EXPIRED)  # these may tell several pharmacies with one mailbox: see shared_letters.py


def without_closed(letters: Any, now: datetime) -> Any:
    """Filters a queryset of letters: leaves out those with a code, an id or a reminder of a pharmacy closed at `now` (UTC).

    Keeps a letter that also tells an id of an open pharmacy: too much for one reader is better than nothing for the other.
    """
    day = now.astimezone(ROME).date()
    closed = Exists(Pharmacy.objects.filter(code=OuterRef("about"), closed_on__lte=day))
    is_open = Q(pharmacy__closed_on=None) | Q(pharmacy__closed_on__gt=day)
    ids = IdSessione.objects.filter(is_open, pharmacy__isnull=False)
    names_one = Exists(ids.filter(reminders__letter=OuterRef("pk")))
    copies_one = Exists(ids.filter(reminders__copies__letter=OuterRef("pk")))
    tells_an_open_one = Q(kind__in=SHARED) & (names_one | copies_one)
    return letters.filter(~Q(kind__in=HELD) | ~closed | tells_an_open_one)
