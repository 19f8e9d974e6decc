"""The one rule about the letters of a closed pharmacy: they wait, so that a reopening gives them back."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from pharmacies.models import Pharmacy
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME
from sessions.models import Reminder

Kind = OutgoingMail.Kind
# News (an address certified, changed, revoked; a closing) leave all the same: they ask for nothing that is closed.
HELD = (Kind.CODE, Kind.ISSUED, Kind.REMINDER, Kind.EXPIRED)
SHARED = (Kind.REMINDER, Kind.EXPIRED)  # one mailbox, several pharmacies: see shared_letters.py


def without_closed(letters: Any, now: datetime) -> Any:
    """The letters (a queryset) that do not carry a code, an id or a reminder of a pharmacy that is closed at `now` (UTC).

    A letter that also tells an id of an open pharmacy leaves: its reader is told too much rather than nothing.
    """
    day = now.astimezone(ROME).date()
    closed = Exists(Pharmacy.objects.filter(code=OuterRef("about"), closed_on__lte=day))
    is_open = Q(id_sessione__pharmacy__closed_on=None) | Q(id_sessione__pharmacy__closed_on__gt=day)
    told = Reminder.objects.filter(Q(letter=OuterRef("pk")) | Q(copy=OuterRef("pk")), is_open)
    tells_an_open_one = Q(kind__in=SHARED) & Exists(told.filter(id_sessione__pharmacy__isnull=False))
    return letters.filter(~Q(kind__in=HELD) | ~closed | tells_an_open_one)
