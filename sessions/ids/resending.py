"""Sends a live ID-SESSIONE again. Its locks: see issuing.py."""

from datetime import datetime, timedelta

from django.db import transaction

from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.journal.models import record
from portal.outbox.models import OutgoingMail
from sessions.ids import reads as rows
from sessions.ids.issuing import reachable
from sessions.ids.revealing import is_at_hand
from sessions.ids.withdrawing import take_back, write_again
from sessions.models import IdSessione

BETWEEN_SENDS = timedelta(seconds=60)
SENDS_AN_HOUR = 5  # letters with an id to one pharmacy before "Reinvia" must wait
HOUR = timedelta(hours=1)


@transaction.atomic
def resend(id_sessione: IdSessione, by: User | None, now: datetime, because: str = "") -> bool:
    """Sends the same id again, to the address certified now. False when it is not live, or too soon: see next_send_at().

    Raises NoCertifiedAddress, AddressUnreachable, UtenzaNotUsable, PharmacyClosed, ClockAstray.
    """
    Pharmacy.objects.hold(id_sessione.pharmacy_id)
    row = rows.fresh(id_sessione)
    pharmacy, certification = reachable(row.utenza, now)
    if not is_at_hand(row, now) or next_send_at(pharmacy, now) is not None:
        return False
    # A previous letter that still waits would bring the id a second time, or to an address no longer certified.
    take_back([write_again(row, certification, now)], now)
    record("id.resent", now=now, actor=by, about=pharmacy.code, subject=row, last4=row.last4, because=because)
    return True


def next_send_at(pharmacy: Pharmacy, now: datetime) -> datetime | None:
    """When "Reinvia" may be pressed again (UTC); None: now. Every letter that carries an id to the pharmacy counts."""
    sent = OutgoingMail.objects.filter(about=pharmacy.code, kind=OutgoingMail.Kind.ISSUED, created_at__gt=now - HOUR)
    moments = list(sent.order_by("-created_at").values_list("created_at", flat=True)[:SENDS_AN_HOUR])
    waits = [moments[0] + BETWEEN_SENDS] if moments else []
    if len(moments) == SENDS_AN_HOUR:
        waits.append(moments[-1] + HOUR)
    return max((at for at in waits if at > now), default=None)
