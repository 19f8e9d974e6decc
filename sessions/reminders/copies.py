"""The copies of the reminders, to the mailboxes that people of the pharmacy named (pharmacies/copies/). No copy holds an id."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from pharmacies.addresses.examination import mailbox_of
from pharmacies.models import CopyMailbox, MailCertification
from portal.outbox.models import OutgoingMail
from sessions.letters import id_letters
from sessions.models import Reminder, ReminderCopy

Wanted = dict[int, list[CopyMailbox]]  # by pharmacy (key)


def wanted(pharmacies: Collection[int], now: datetime) -> Wanted:
    """The mailboxes that get copies, for the pharmacies that have some."""
    found: Wanted = defaultdict(list)
    for row in CopyMailbox.objects.in_force(set(pharmacies), now):
        found[row.pharmacy_id].append(row)
    return dict(found)


def write(
    reminders: Sequence[Reminder],
    wanted: Wanted,
    certification: MailCertification,
    now: datetime,
    *,
    unwarned: bool = False,
) -> list[tuple[int, OutgoingMail]]:
    """Writes the copies of a letter to this address, one for each mailbox, about the ids of its pharmacies only.

    Returns pairs of reminder (key) and copy. Writes none to the mailbox of the letter itself, in any spelling, and none for a
    reminder that the mailbox has in a copy already (one sent again to another address).
    """
    by_mailbox: dict[str, tuple[CopyMailbox, list[Reminder]]] = {}
    for reminder in reminders:
        for row in wanted.get(reminder.id_sessione.pharmacy_id or 0, ()):
            if row.mailbox != mailbox_of(certification.address) and not _has_one(reminder, row):
                copied = by_mailbox.setdefault(row.mailbox, (row, []))[1]
                if reminder not in copied:  # two people may name one mailbox
                    copied.append(reminder)
    letters: list[tuple[int, OutgoingMail]] = []
    for row, copied in by_mailbox.values():
        ids = [reminder.id_sessione for reminder in copied]
        if ids[0].expires_at > now:
            letter = id_letters.expiring(ids, certification, now, copy_to=row)
        else:
            letter = id_letters.expired(ids[0], certification, now, copy_to=row, unwarned=unwarned)
        letters += [(reminder.pk, letter) for reminder in copied]
    return letters


def _has_one(reminder: Reminder, row: CopyMailbox) -> bool:
    sent = ReminderCopy.objects.filter(reminder=reminder, letter__withdrawn_at=None)
    return any(mailbox_of(address) == row.mailbox for address in sent.values_list("letter__recipient", flat=True))
