"""What is in the outbox about an id that has ended, or for an address that is no longer the pharmacy's, does not leave, nor is
it tried again: it loses its text here, and forbidden() asks the same when a letter is about to leave.

A letter that speaks of more ids than one (reminders/together.py) leaves as it was written as long as one of them is in its place: its
reader is told too much about a dead id rather than nothing about a live one.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q

from pharmacies.models import MailCertification, Utenza
from portal.database.claims import hold
from portal.journal.models import record
from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from portal.values import mail_address
from sessions.letters import id_letters
from sessions.models import IdSessione, Reminder
from sessions.models.id_sessione import FACTS_THAT_END
from sessions.reminders import copies, planning

Kind = OutgoingMail.Kind
# OutgoingMail.objects.withdraw() and _tells_of_others() by hand: a hundred new ids a second do this, and the ORM costs ten
# times as much. Three ways in, each by an index. (A refused letter stays refused, without its text: see withdraw().)
_WITHDRAW = """
update outbox_outgoingmail
set withdrawn_at = case when failed_at is null then %s end, leased_until = null, sealed_source = null,
    give_up_at = case when failed_at is not null and give_up_at > %s then %s else give_up_at end
where id in (
    select id from outbox_outgoingmail
    where accepted_at is null and withdrawn_at is null and (failed_at is null or sealed_source is not null) and id in (
        select letter_id from pharmacy_sessions_idsessione where id in ({ended})
        union all
        select r.letter_id from pharmacy_sessions_reminder r
        where r.id_sessione_id in ({ended}) and r.letter_id is not null and not exists (
            select 1 from pharmacy_sessions_reminder o join pharmacy_sessions_idsessione i on i.id = o.id_sessione_id
            where o.letter_id = r.letter_id and i.revoked_at is null and i.closed_at is null
        )
        union all
        select r.copy_id from pharmacy_sessions_reminder r
        where r.id_sessione_id in ({ended}) and r.copy_id is not null and not exists (
            select 1 from pharmacy_sessions_reminder o join pharmacy_sessions_idsessione i on i.id = o.id_sessione_id
            where o.copy_id = r.copy_id and i.revoked_at is null and i.closed_at is null
        )
    )
    order by id {locking}
)"""


def withdraw_letters(ended: Iterable[int], now: datetime) -> None:
    """Of the ids with these keys, ended already: the letter that carries each, what was to be said about them alone, and its
    copies.
    """
    keys = list(ended)
    if not keys:
        return
    places, at = ", ".join(["%s"] * len(keys)), connection.ops.adapt_datetimefield_value(now)
    locking = "for no key update" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW.format(ended=places, locking=locking), [at, at, at, *keys, *keys, *keys])


def write_again(row: IdSessione, certification: MailCertification, now: datetime) -> int:
    """The same id once more, to this address. Saves. The key of the letter before: the caller withdraws it, last of all.

    The caller holds the utenza, and has made sure that the id lives.
    """
    plain, before = unseal(row.sealed or b"").decode(), row.letter_id
    row.letter = id_letters.issued(row, plain, certification, planning.waiting(row), now)
    row.save(update_fields=["letter"])
    return before


def say_elsewhere(ended: MailCertification, now: datetime) -> None:
    """What has not arrived at this address is said to the address certified now: each id that lives, and each reminder, which
    is due again (or skipped with the reason). Not the reminders that tell another pharmacy, which still reads this mailbox, of
    an id of its own.
    """
    current = MailCertification.objects.current().filter(pharmacy=ended.pharmacy_id).select_related("pharmacy").first()
    lost = [] if current is None else _send_ids_to(current, now)
    mailbox = {"address_key": ended.address_key}
    addresses = MailCertification.objects.filter(**mailbox).values("address")
    unsaid = OutgoingMail.objects.not_arrived().filter(kind__in=[Kind.REMINDER, Kind.EXPIRED], recipient__in=addresses)
    readers = MailCertification.objects.current().filter(**mailbox).values("pharmacy")
    theirs = Reminder.objects.filter(~_tells_of_others(pharmacy__in=readers), pharmacy=ended.pharmacy_id)
    letters = list(theirs.filter(letter__in=unsaid).values_list("letter", flat=True))
    again = hold(Reminder.objects.filter(letter__in=letters))
    Reminder.objects.filter(pk__in=again).update(settled_at=None, letter=None, due_at=now)
    OutgoingMail.objects.filter(pk__in=[*lost, *letters]).withdraw(now)


def _send_ids_to(certification: MailCertification, now: datetime) -> list[int]:
    """The live ids of its pharmacy whose letter has not arrived; the keys of those letters. One that staff stopped stays."""
    pharmacy = certification.pharmacy
    theirs = IdSessione.objects.within_hours(now).filter(pharmacy=pharmacy, sealed__isnull=False)
    lost = theirs.filter(letter__in=OutgoingMail.objects.not_arrived(), utenza__pharmacy=pharmacy)
    hold(Utenza.objects.filter(pk__in=list(lost.values_list("utenza", flat=True))))
    letters = []
    for row in lost.with_what_ends_them().order_by("pk"):
        letters.append(write_again(row, certification, now))
        record("id.resent", now=now, about=pharmacy.code, subject=row, last4=row.last4, because="indirizzo cambiato")
    return letters


def forbidden(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    """The keys of the letters about ids that are dead (a closing only holds them), or for a mailbox that the pharmacy of none
    of these ids has certified now; a copy, for a mailbox that none of them wants it in. A letter that is no id's is not judged.
    """
    ids = [letter for letter in letters if letter.kind == Kind.ISSUED]
    about = [letter for letter in letters if letter.kind in (Kind.REMINDER, Kind.EXPIRED)]
    return (_ids(ids, now) if ids else set()) | (_reminders(about, now) if about else set())


def _ids(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    carried = IdSessione.objects.filter(letter__in=[letter.pk for letter in letters])
    live = list(carried.within_hours(now).values_list("letter", "certification__pharmacy"))
    right = _to_certified(letters, live)
    others = {letter.pk for letter in letters} - right
    return set(carried.filter(letter__in=others).values_list("letter", flat=True)) if others else set()


def _reminders(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    said = Reminder.objects.filter(letter__in=[letter.pk for letter in letters])
    live = list(said.filter(_not_ended_early()).values_list("letter", "id_sessione__certification__pharmacy"))
    right = _to_certified(letters, live)
    others = [letter for letter in letters if letter.pk not in right]
    if not others:
        return set()
    wrong = set(said.filter(letter__in=[letter.pk for letter in others]).values_list("letter", flat=True))
    return wrong | _copies([letter for letter in others if letter.pk not in wrong], now)


def _copies(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    """A copy goes where the pharmacy of a live id wants it now."""
    copied = Reminder.objects.filter(copy__in=[letter.pk for letter in letters])
    live = list(copied.filter(_not_ended_early()).values_list("copy", "pharmacy"))
    wanted = copies.addresses({pharmacy for _, pharmacy in live}, now)
    recipients = {letter.pk: letter.recipient for letter in letters}
    right = {copy for copy, pharmacy in live if mail_address.same_mailbox(wanted.get(pharmacy, ""), recipients[copy])}
    return set(copied.values_list("copy", flat=True)) - right


def _not_ended_early() -> Q:
    """The id of a reminder has ended by no fact before its hours were over; that its pharmacy is closed does not count."""
    condition, expires_at = Q(), F("id_sessione__expires_at")
    for fact in FACTS_THAT_END:
        condition &= Q(**{f"id_sessione__{fact}": None}) | Q(**{f"id_sessione__{fact}__gte": expires_at})
    return condition


def _to_certified(letters: Sequence[OutgoingMail], about: Collection[tuple[int, int]]) -> set[int]:
    """The keys of the letters that go to the mailbox certified now by a pharmacy that they are about: (letter, pharmacy)."""
    current = MailCertification.objects.current().filter(pharmacy__in={pharmacy for _, pharmacy in about})
    certified = dict(current.values_list("pharmacy", "address_key"))
    mailboxes = {letter.pk: mail_address.key(letter.recipient) for letter in letters}
    return {letter for letter, pharmacy in about if certified.get(pharmacy) == mailboxes[letter]}


def _tells_of_others(**whose: object) -> Exists:
    """The letter of this reminder names an id that is in its place."""
    in_place = {"id_sessione__revoked_at": None, "id_sessione__closed_at": None}
    return Exists(Reminder.objects.filter(letter=OuterRef("letter"), **in_place, **whose))
