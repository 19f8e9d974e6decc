"""Withdraws letters about ids that have ended, and letters to an address that the pharmacy no longer has certified.

A withdrawn letter loses its text and is not retried. forbidden() repeats the check when a worker is about to send a letter.

A letter that carries several ids is written anew with the others when one of them ends (carried.py). A reminder about several ids
(reminders/together.py) leaves as written while one of them holds its slot: a line too many about a dead id is better than no line
about a live one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, F, OuterRef, Q

from pharmacies.models import MailCertification, Utenza
from portal.database.claims import hold
from portal.journal.models import record
from portal.outbox.models import OutgoingMail
from portal.values import mail_address
from sessions.ids import carried
from sessions.letters import id_letters
from sessions.models import IdSessione, Reminder
from sessions.models.id_sessione import FACTS_THAT_END
from sessions.reminders import copies

Kind = OutgoingMail.Kind
# OutgoingMail.objects.withdraw() and _tells_of_others() as hand-written SQL: a hundred new ids a second run it, and the ORM
# costs ten times as much. Each branch of the union uses an index. (A refused letter stays refused, without its text: see
# withdraw().)
# The letters are read first and locked by their keys next. One statement that does both loses a letter that another transaction
# changes meanwhile: after its wait PostgreSQL checks the row again, and with some plans of the union it finds no match
# (SORTED_UNION in tests/races/test_generated.py).
_ABOUT = """
select letter_id from pharmacy_sessions_idsessione where id in ({ended})
union
select r.letter_id from pharmacy_sessions_reminder r
where r.id_sessione_id in ({ended}) and r.letter_id is not null and not exists (
    select 1 from pharmacy_sessions_reminder o join pharmacy_sessions_idsessione i on i.id = o.id_sessione_id
    where o.letter_id = r.letter_id and i.revoked_at is null and i.closed_at is null
)
union
select c.letter_id from pharmacy_sessions_remindercopy c
join pharmacy_sessions_reminder r on r.id = c.reminder_id
where r.id_sessione_id in ({ended}) and not exists (
    select 1 from pharmacy_sessions_remindercopy d join pharmacy_sessions_reminder o on o.id = d.reminder_id
    join pharmacy_sessions_idsessione i on i.id = o.id_sessione_id
    where d.letter_id = c.letter_id and i.revoked_at is null and i.closed_at is null
)"""
_TO_WITHDRAW = """
select id from outbox_outgoingmail
where id in ({letters}) and accepted_at is null and withdrawn_at is null and (failed_at is null or sealed_source is not null)
order by id {locking}"""
_CARRY_OTHERS = """
select distinct letter_id from pharmacy_sessions_idsessione
where letter_id in ({letters}) and revoked_at is null and closed_at is null"""
_WITHDRAW = """
select m.id, exists (
    select 1 from pharmacy_sessions_idsessione i where i.letter_id = m.id and i.revoked_at is null and i.closed_at is null
) from outbox_outgoingmail m
where m.id in ({letters}) and m.accepted_at is null and m.withdrawn_at is null
    and (m.failed_at is null or m.sealed_source is not null)
order by m.id {locking}"""
_WITHDRAW = """
update outbox_outgoingmail
set withdrawn_at = case when failed_at is null then %s end, leased_until = null, sealed_source = null,
    give_up_at = case when failed_at is not null and give_up_at > %s then %s else give_up_at end
where id in ({letters})"""


def withdraw_letters(ended: Iterable[int], now: datetime) -> None:
    """Withdraws, for these ended ids (keys), the letter that carries each, the reminders about them alone, and the copies.

    A letter that also carries a live id is written anew with the live ones.
    """
    keys = list(ended)
    if not keys:
        return
    with connection.cursor() as cursor:
        letters = _keys(cursor, _ABOUT.format(ended=_places(keys)), [*keys, *keys, *keys])
    take_back(letters, now)


def take_back(letters: Sequence[int], now: datetime) -> None:
    """Withdraws these letters (keys), or writes them anew with the live ids that they still carry."""
    if not letters:
        return
    at = connection.ops.adapt_datetimefield_value(now)
    locking = "for no key update" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        held = _keys(cursor, _TO_WITHDRAW.format(letters=_places(letters), locking=locking), letters)
        shared = _keys(cursor, _CARRY_OTHERS.format(letters=_places(held)), held) if held else []
    kept = set(shared) - carried.write_without_dead(shared, now)
    if useless := [pk for pk in held if pk not in kept]:
        with connection.cursor() as cursor:
            cursor.execute(_WITHDRAW.format(letters=_places(useless)), [at, at, at, *useless])


def _keys(cursor: CursorWrapper, query: str, parameters: Sequence[int]) -> list[int]:
    cursor.execute(query, parameters)
    return [pk for (pk,) in cursor.fetchall()]


def _places(keys: Sequence[int]) -> str:
    return ", ".join(["%s"] * len(keys))


def write_again(row: IdSessione, certification: MailCertification, now: datetime) -> int:
    """Writes a new letter with this id alone, to this address. Saves. Returns the key of the previous letter: the caller takes it
    back, last of all (the lock order).

    The caller has locked the utenza and checked that the id is live.
    """
    return _write_again([row], certification, now)


def _write_again(rows: Sequence[IdSessione], certification: MailCertification, now: datetime) -> int:
    """As write_again, one letter for these ids, which had the same letter before."""
    before = rows[0].letter_id
    letter = id_letters.issued_together([carried.of(row) for row in rows], certification, now)
    for row in rows:
        row.letter = letter
        row.save(update_fields=["letter"])
    return before


def say_elsewhere(ended: MailCertification, now: datetime) -> None:
    """Sends again, to the address certified now, what has not arrived at `ended`: the live ids and the reminders.

    A reminder becomes due again; the next round writes it or skips it with a reason. A reminder whose letter also tells another
    pharmacy, which still reads this mailbox, of an id of its own stays as it is.
    """
    current = MailCertification.objects.current().filter(pharmacy=ended.pharmacy_id).select_related("pharmacy").first()
    lost = [] if current is None else _send_ids_to(current, now)
    mailbox = {"address_key": ended.address_key}
    addresses = MailCertification.objects.filter(**mailbox).values("address")
    not_arrived = OutgoingMail.objects.not_arrived().filter(
        kind__in=[Kind.REMINDER, Kind.EXPIRED], recipient__in=addresses
    )
    readers = MailCertification.objects.current().filter(**mailbox).values("pharmacy")
    reminders = Reminder.objects.filter(~_tells_of_others(pharmacy__in=readers), pharmacy=ended.pharmacy_id)
    letters = list(reminders.filter(letter__in=not_arrived).values_list("letter", flat=True))
    again = hold(Reminder.objects.filter(letter__in=letters))
    Reminder.objects.filter(pk__in=again).update(settled_at=None, letter=None, due_at=now)
    OutgoingMail.objects.filter(pk__in=[*lost, *letters]).withdraw(now)


def _send_ids_to(certification: MailCertification, now: datetime) -> list[int]:
    """Writes again the live ids of its pharmacy whose letter has not arrived. Returns the keys of those letters. A letter that
    the staff stopped counts as withdrawn and is not written again.
    """
    pharmacy = certification.pharmacy
    ids = IdSessione.objects.within_hours(now).filter(pharmacy=pharmacy, sealed__isnull=False)
    lost = ids.filter(letter__in=OutgoingMail.objects.not_arrived(), utenza__pharmacy=pharmacy)
    hold(Utenza.objects.filter(pk__in=list(lost.values_list("utenza", flat=True))))
    together: dict[int, list[IdSessione]] = defaultdict(list)
    for row in lost.with_what_ends_them().order_by("pk"):
        together[row.letter_id].append(row)
        record("id.resent", now=now, about=pharmacy.code, subject=row, last4=row.last4, because="indirizzo cambiato")
    return [_write_again(rows, certification, now) for rows in together.values()]


def forbidden(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    """The keys of the letters that must not leave.

    These are letters about dead ids only (the closing of a pharmacy does not count: it holds them), letters to a mailbox that no
    pharmacy of their live ids has certified now, and copies to a mailbox that no such pharmacy names now. Letters that are not
    about an id always pass.
    """
    ids = [letter for letter in letters if letter.kind == Kind.ISSUED]
    about = [letter for letter in letters if letter.kind in (Kind.REMINDER, Kind.EXPIRED)]
    return (_ids(ids, now) if ids else set()) | (_reminders(about, now) if about else set())


def _ids(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    """Writes a letter anew, which ends the lease of its worker, when one of its ids has expired and another has not."""
    found = carried.in_letters([letter.pk for letter in letters], now)
    right = _to_certified(letters, [(one.letter, one.pharmacy) for one in found if one.lives])
    carried.take_out_expired(right & {one.letter for one in found if one.in_place and not one.lives}, now)
    return {one.letter for one in found} - right


def _reminders(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    reminders = Reminder.objects.filter(letter__in=[letter.pk for letter in letters])
    live = list(reminders.filter(_not_ended_early()).values_list("letter", "id_sessione__certification__pharmacy"))
    right = _to_certified(letters, live)
    others = [letter for letter in letters if letter.pk not in right]
    if not others:
        return set()
    wrong = set(reminders.filter(letter__in=[letter.pk for letter in others]).values_list("letter", flat=True))
    return wrong | _copies([letter for letter in others if letter.pk not in wrong], now)


def _copies(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    """The copies to a mailbox that no pharmacy of their live ids names now."""
    copied = Reminder.objects.filter(copies__letter__in=[letter.pk for letter in letters])
    live = list(copied.filter(_not_ended_early()).values_list("copies__letter", "pharmacy"))
    wanted = copies.wanted({pharmacy for _, pharmacy in live}, now)
    recipients = {letter.pk: letter.recipient for letter in letters}
    right = {
        copy
        for copy, pharmacy in live
        if any(mail_address.same_mailbox(row.address, recipients.get(copy, "")) for row in wanted.get(pharmacy, ()))
    }
    return set(copied.values_list("copies__letter", flat=True)) & recipients.keys() - right


def _not_ended_early() -> Q:
    """Condition: no fact ended the reminder's id before its hours were over. The closing of its pharmacy does not count."""
    condition, expires_at = Q(), F("id_sessione__expires_at")
    for fact in FACTS_THAT_END:
        condition &= Q(**{f"id_sessione__{fact}": None}) | Q(**{f"id_sessione__{fact}__gte": expires_at})
    return condition


def _to_certified(letters: Sequence[OutgoingMail], about: Collection[tuple[int, int]]) -> set[int]:
    """The keys of the letters to the mailbox certified now by a pharmacy that they are about. `about`: (letter, pharmacy)."""
    current = MailCertification.objects.current().filter(pharmacy__in={pharmacy for _, pharmacy in about})
    certified = dict(current.values_list("pharmacy", "address_key"))
    mailboxes = {letter.pk: mail_address.key(letter.recipient) for letter in letters}
    return {letter for letter, pharmacy in about if certified.get(pharmacy) == mailboxes[letter]}


def _tells_of_others(**conditions: object) -> Exists:
    """Condition: the letter of this reminder names an id that holds its slot, of a reminder that meets `conditions`."""
    in_place = {"id_sessione__revoked_at": None, "id_sessione__closed_at": None}
    return Exists(Reminder.objects.filter(letter=OuterRef("letter"), **in_place, **conditions))
