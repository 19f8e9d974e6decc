"""Revokes every id of a pharmacy at once, after an incident such as a mailbox that a stranger reads."""

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
    """Revokes each id with its own journal line and writes one letter to the certified address, if that receives mail.

    Returns how many ids were revoked, all within their hours.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    hold(Utenza.objects.filter(pharmacy=pharmacy))
    ids = IdSessione.objects.filter(pharmacy=pharmacy).within_hours(now)
    hold(ids)
    found = ids.with_facts().order_by("utenza", "pk")
    revoked = [row for row in found if issuing.revoke(row, by, now, because, tell=False)]
    certification = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None).first()
    if revoked and certification is not None:
        id_letters.all_revoked(revoked, certification, by, because, now)
    return len(revoked)
