"""Revokes one id, or every id of a pharmacy at once after an incident such as a mailbox that a stranger reads.

The locks: see issuing.py.
"""

from datetime import datetime

from django.db import transaction

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.database.claims import hold
from portal.identity.models import User
from portal.journal.models import record
from sessions.ids import reads as rows
from sessions.ids.withdrawing import withdraw_letters
from sessions.letters import id_letters
from sessions.models import IdSessione
from sessions.webhooks import events


@transaction.atomic
def revoke(id_sessione: IdSessione, by: User | None, now: datetime, because: str = "", *, tell: bool = True) -> bool:
    """Revokes an id within its hours. Writes to the certified address when a person did it (`by`), unless `tell` is False.

    Also revokes an id of a closed pharmacy, which a reopening would make live again. False when the id has already ended.
    """
    row = rows.fresh(id_sessione)
    if not row.is_within_hours(now):
        return False
    now = row.not_before(now)
    row.revoke(now)
    withdraw_letters([row.pk], now)
    events.revoked([row.pk], now)
    pharmacy = row.certification.pharmacy
    certification = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None).first()
    if tell and by is not None and certification is not None:
        id_letters.revoked(row, certification, by, because, now)
    record("id.revoked", now=now, actor=by, about=pharmacy.code, subject=row, last4=row.last4, because=because)
    return True


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
    revoked = [row for row in found if revoke(row, by, now, because, tell=False)]
    certification = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None).first()
    if revoked and certification is not None:
        id_letters.all_revoked(revoked, certification, by, because, now)
    return len(revoked)


def leave_place(row: IdSessione, now: datetime, replaced_by: IdSessione | None = None) -> bool:
    """Frees the id's slot: revokes a live id (True), marks a dead one as ended (False). The caller withdraws its letters."""
    live = row.is_live(now)
    if live:
        row.revoke(now, replaced_by)
    else:
        IdSessione.objects.filter(pk=row.pk).end(now)
    return live
