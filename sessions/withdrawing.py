"""What waits in the outbox about an id that has ended, or for an address that is no longer the pharmacy's, does not leave.

A letter that speaks of more ids than one (together.py) leaves as it was written as long as one of them is in its place: its
reader is told too much about a dead id rather than nothing about a live one.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef

from pharmacies.models import MailCertification
from portal.outbox.claims import hold
from portal.outbox.models import OutgoingMail
from sessions.models import Reminder

Kind = OutgoingMail.Kind
# OutgoingMail.objects.withdraw() and _tells_of_others() by hand: a hundred new ids a second do this, and the ORM costs ten
# times as much. Two ways in, each by an index.
_WITHDRAW = """
update outbox_outgoingmail set withdrawn_at = %s, leased_until = null, sealed_source = null
where id in (
    select id from outbox_outgoingmail
    where accepted_at is null and failed_at is null and withdrawn_at is null and id in (
        select letter_id from pharmacy_sessions_idsessione where id in ({ended})
        union all
        select r.letter_id from pharmacy_sessions_reminder r
        where r.id_sessione_id in ({ended}) and r.letter_id is not null and not exists (
            select 1 from pharmacy_sessions_reminder o join pharmacy_sessions_idsessione i on i.id = o.id_sessione_id
            where o.letter_id = r.letter_id and i.revoked_at is null and i.closed_at is null
        )
    )
    order by id {locking}
)"""


def withdraw_letters(ended: Iterable[int], now: datetime) -> None:
    """Of the ids with these keys, ended already: the letter that carries each, and what was to be said about them alone."""
    keys = list(ended)
    if not keys:
        return
    places = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        values = [connection.ops.adapt_datetimefield_value(now), *keys, *keys]
        locking = "for no key update" if connection.features.has_select_for_update else ""
        cursor.execute(_WITHDRAW.format(ended=places, locking=locking), values)


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
    again = hold(Reminder.objects.filter(letter__in=letters))
    Reminder.objects.filter(pk__in=again).update(settled_at=None, letter=None, due_at=now)
    OutgoingMail.objects.filter(pk__in=letters).withdraw(now)


def _tells_of_others(**whose: object) -> Exists:
    """The letter of this reminder names an id that is in its place."""
    in_place = {"id_sessione__revoked_at": None, "id_sessione__closed_at": None}
    return Exists(Reminder.objects.filter(letter=OuterRef("letter"), **in_place, **whose))
