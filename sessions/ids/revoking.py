"""Every id of a pharmacy ends at once: an incident, a mailbox that somebody else reads."""

from datetime import datetime

from django.db import transaction

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.database.claims import hold
from portal.identity.models import User
from sessions.ids import issuing
from sessions.letters import id_letters
from sessions.models import IdSessione


@transaction.atomic
def revoke_all(pharmacy: Pharmacy, by: User, because: str, now: datetime) -> int:
    """Each id has its line in the journal; the certified address is told once, if it receives mail. How many were within
    their hours.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    hold(Utenza.objects.filter(pharmacy=pharmacy))
    mine = IdSessione.objects.filter(pharmacy=pharmacy).within_hours(now)
    hold(mine)
    found = mine.with_facts().order_by("utenza", "pk")
    revoked = [row for row in found if issuing.revoke(row, by, now, because, tell=False)]
    certification = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None).first()
    if revoked and certification is not None:
        id_letters.all_revoked(revoked, certification, by, because, now)
    return len(revoked)
