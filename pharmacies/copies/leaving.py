"""The way out of the copies for the owner of a mailbox: a link in each copy, without login. Source: RFC 8058, RFC 2369.

The link holds the key of the mailbox's row and a keyed hash of it, and no address. A replay finds the row ended.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from pharmacies.copies import mailboxes
from pharmacies.models import CopyMailbox, Pharmacy
from portal.secrets.codes import keyed_hash, same

HEX_DIGITS = 32  # 128 bits of the keyed hash


def link_of(row: CopyMailbox) -> str:
    """The absolute address of the page that ends the copies to this mailbox."""
    return f"{settings.PORTAL_URL}{reverse('leave_copies', args=[token_of(row.pk)])}"


def headers_of(row: CopyMailbox) -> dict[str, str]:
    """The headers with which a mail program offers «Annulla iscrizione»: one click is a POST to the link."""
    return {"List-Unsubscribe": f"<{link_of(row)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def token_of(pk: int) -> str:
    return f"{pk}-{keyed_hash('copy-mailbox', str(pk))[:HEX_DIGITS]}"


def row_of(token: str) -> CopyMailbox | None:
    """The row of this link, ended or not; None for a link that the portal did not make."""
    pk, _, _ = token.partition("-")
    if not (pk.isascii() and pk.isdigit() and len(pk) <= 18 and same(token, token_of(int(pk)))):
        return None
    return CopyMailbox.objects.filter(pk=int(pk)).select_related("pharmacy").first()


@transaction.atomic
def leave(row: CopyMailbox, now: datetime) -> int:
    """Ends the copies of every pharmacy and person to the mailbox of this row; returns how many ended.

    0 when this row ended before: the link of an old letter does not end what its owner confirmed again.
    """
    same_owner = list(CopyMailbox.objects.open().filter(mailbox=row.mailbox).values_list("pk", "pharmacy"))
    Pharmacy.objects.hold_all({row.pharmacy_id, *(pharmacy for _pk, pharmacy in same_owner)})
    row.refresh_from_db()
    if row.ended_at is not None:
        return 0
    # only rows whose pharmacy is locked: a mailbox named at this instant for a further one would take its lock out of order
    open_rows = CopyMailbox.objects.open().filter(pk__in=[pk for pk, _pharmacy in same_owner])
    open_rows = open_rows.select_related("pharmacy", "person").order_by("pharmacy", "pk")
    return sum(mailboxes.end(mailbox, None, now) for mailbox in open_rows)
