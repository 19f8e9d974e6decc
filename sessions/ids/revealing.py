"""Shows an ID-SESSIONE in clear to a person of its pharmacy. Its locks: see issuing.py."""

from datetime import datetime, timedelta

from django.db import transaction

from portal.identity.models import User
from portal.journal.models import Entry, record
from portal.secrets.sealing import unseal
from sessions.ids import reads as rows
from sessions.models import IdSessione

SAME_LOOK_FOR = timedelta(seconds=60)  # "Mostra" and its reloads write one line in the journal


@transaction.atomic
def reveal(id_sessione: IdSessione, by: User | None, now: datetime) -> str | None:
    """Returns the id in clear and writes a journal line (one per person in SAME_LOOK_FOR). None when it is no longer live."""
    row = rows.fresh(id_sessione)
    if not is_at_hand(row, now):
        return None
    about = row.pharmacy.code if row.pharmacy else ""
    just_now = Entry.objects.filter(verb="id.shown", about=about, actor=by, at__gt=now - SAME_LOOK_FOR)
    if not just_now.filter(subject=f"{row._meta.label_lower}:{row.pk}").exists():
        record("id.shown", now=now, actor=by, about=about, subject=row, last4=row.last4)
    return unseal(row.sealed or b"").decode()


def is_at_hand(row: IdSessione, now: datetime) -> bool:
    """Whether it may be shown or sent: live, its sealed copy kept, its utenza still of the pharmacy that asked for it."""
    return row.is_live(now) and row.sealed is not None and row.pharmacy_id == row.utenza.pharmacy_id
