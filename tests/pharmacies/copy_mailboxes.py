"""Mailboxes that get copies, for tests of the reminders: confirmed without a code."""

from datetime import datetime

from pharmacies.addresses.examination import mailbox_of
from pharmacies.models import CopyMailbox, Pharmacy
from portal.identity.models import User


def copies_to(address: str, pharmacy: Pharmacy, person: User | None, now: datetime, **facts) -> CopyMailbox | None:
    """Ends the person's earlier mailbox and names this one; "" names none. Returns the row."""
    CopyMailbox.objects.open().filter(pharmacy=pharmacy, person=person).update(ended_at=now)
    if not address:
        return None
    proof = {"confirmed_at": now} if person is not None else {"is_older": True}
    return CopyMailbox.objects.create(
        pharmacy=pharmacy, person=person, address=address, mailbox=mailbox_of(address), named_at=now, **{**proof, **facts}
    )  # fmt: skip


def addresses(pharmacies: list[int], now: datetime) -> dict[int, str]:
    """The address that gets copies, by pharmacy (key)."""
    return {row.pharmacy_id: row.address for row in CopyMailbox.objects.in_force(pharmacies, now)}
