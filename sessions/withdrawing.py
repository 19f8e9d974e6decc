"""What waits in the outbox about an id that has ended, or for an address that is no longer the pharmacy's, does not leave.

A letter that speaks of more ids than one (together.py) leaves as it was written as long as one of them is in its place: its
reader is told too much about a dead id rather than nothing about a live one.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef

from pharmacies.models import MailCertification
from portal.outbox.models import OutgoingMail
from sessions.models import IdSessione, Reminder

Kind = OutgoingMail.Kind


def withdraw_letters(ended: Iterable[int], now: datetime) -> None:
    """Of the ids with these keys, ended already: the letter that carries each, and what was to be said about them alone."""
    ids, told = IdSessione.objects.filter(pk__in=ended), Reminder.objects.filter(id_sessione__in=ended)
    said = told.filter(~_tells_of_others(), letter__isnull=False)
    # one statement with two ways in, each by an index: issuing does this a hundred times a second
    OutgoingMail.objects.filter(pk__in=ids.values("letter").union(said.values("letter"), all=True)).withdraw(now)


def say_elsewhere(ended: MailCertification, now: datetime) -> None:
    """The reminders that wait to leave for this address are due again: each is said to the address certified then, or skipped
    with the reason. Not those that tell another pharmacy, which still reads this mailbox, of an id of its own.
    """
    mailbox = {"address_key": ended.address_key}
    addresses = MailCertification.objects.filter(**mailbox).values("address")
    waiting = OutgoingMail.objects.waiting().filter(kind__in=[Kind.REMINDER, Kind.EXPIRED], recipient__in=addresses)
    readers = MailCertification.objects.current().filter(**mailbox).values("pharmacy")
    theirs = Reminder.objects.filter(~_tells_of_others(pharmacy__in=readers), pharmacy=ended.pharmacy_id)
    letters = list(theirs.filter(letter__in=waiting).values_list("letter", flat=True))
    Reminder.objects.filter(letter__in=letters).update(settled_at=None, letter=None, due_at=now)
    OutgoingMail.objects.filter(pk__in=letters).withdraw(now)


def _tells_of_others(**whose: object) -> Exists:
    """The letter of this reminder names an id that is in its place."""
    in_place = {"id_sessione__revoked_at": None, "id_sessione__closed_at": None}
    return Exists(Reminder.objects.filter(letter=OuterRef("letter"), **in_place, **whose))
