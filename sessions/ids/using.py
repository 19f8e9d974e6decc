"""Records the uses of an ID-SESSIONE. Its locks: see issuing.py."""

from datetime import datetime

from django.db import transaction

from portal import measures
from portal.journal.models import record
from sessions.credentials import fingerprint as proofs
from sessions.ids import reads as rows
from sessions.ids.revoking import leave_place
from sessions.ids.withdrawing import withdraw_letters
from sessions.models import IdSessione
from sessions.webhooks import events


@transaction.atomic
def use(id_sessione: IdSessione, now: datetime, proof: proofs.PasswordProof | None = None) -> bool:
    """Records that the gate accepted the id. The first use turns a Validato into the Attivo and revokes the previous Attivo.

    False when the id is not live, or when the password changed after `proof` was made.
    """
    row = rows.fresh(id_sessione)
    if not row.is_live(now) or (proof is not None and proof.stored != row.utenza.password):
        return False
    now, fingerprint = row.not_before(now), proof.fingerprint if proof else None
    is_first, attivi, replaced = row.first_used_at is None, [], []
    if is_first:
        attivi = [other for other in rows.in_place(row.utenza, row.context) if other.first_used_at is not None]
        now = max([now, *(other.not_before(now) for other in attivi)])
        replaced = [other.pk for other in attivi if leave_place(other, now, replaced_by=row)]
    if is_first or fingerprint:
        row.mark_used(now, proof.client_address if proof else None, fingerprint)
    if is_first:
        withdraw_letters([other.pk for other in attivi], now)
        events.revoked(replaced, now)
        transaction.on_commit(measures.USED.inc, robust=True)
        record("id.used", now=now, about=row.pharmacy.code if row.pharmacy else "", subject=row, last4=row.last4)
    return True
