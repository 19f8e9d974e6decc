"""A person names a mailbox for copies of the reminders, confirms it with a code sent there, and ends the copies.

Each act is one transaction that locks the pharmacy first. A code has the limits of the certification
(pharmacies/models/codice_validazione.py, code_attempts.py). The news go to the certified address.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet

from pharmacies.addresses.examination import mailbox_of
from pharmacies.copies import letters
from pharmacies.models import CodiceValidazione, CopyMailbox, MailCertification, Pharmacy
from pharmacies.models.certification_refused import NamedTooOften, NothingToConfirm, TooManyAttempts
from pharmacies.models.codice_validazione import (
    CODE_DIGITS,
    CODE_USABLE_FOR,
    HOUR,
    SENDS_AN_HOUR_PER_PHARMACY,
    hash_of,
    up_to_minute,
)
from portal.journal.models import record
from portal.outbox.models import OutgoingMail
from portal.secrets.codes import new_code
from portal.secrets.masking import mask_address
from portal.values.mail_address import key

if TYPE_CHECKING:
    from portal.identity.models import User


class IsCertified(Exception):
    """The mailbox is the certified one of this pharmacy: the reminders go there already."""


@transaction.atomic
def name(
    pharmacy: Pharmacy, address: str, by: "User", now: datetime, replaces: CopyMailbox | None = None
) -> CopyMailbox:
    """Names an examined address in place of the person's earlier one (or of `replaces`), and sends a code to it.

    The earlier mailbox gets the copies until the new one is confirmed; an earlier one that gets none ends. A mailbox that this
    person has confirmed for another pharmacy needs no second code. Another spelling of the mailbox in use changes nothing and
    gives up a change under way; one that waits for its code gets another. Raises IsCertified; TooSoon, TooManySends,
    TooManyAttempts, NamedTooOften (each with `until`).
    """
    Pharmacy.objects.hold(pharmacy.pk)
    certified = MailCertification.objects.current().filter(pharmacy=pharmacy).first()
    if certified is not None and mailbox_of(certified.address) == mailbox_of(address):
        raise IsCertified
    rows = list(_earlier(pharmacy, by, replaces))
    same = next((row for row in rows if row.mailbox == mailbox_of(address) and row.refused_at is None), None)
    for row in rows:
        if row != same and not row.gets_copies:
            _end(row, now)
    if same is not None:
        if same.waits_for_code:
            _send_code(same, now)
        return same
    row = CopyMailbox.objects.create(
        pharmacy=pharmacy, person=by, address=address, mailbox=mailbox_of(address), named_at=now, replaces=replaces
    )
    record("copy.named", now=now, actor=by, about=pharmacy.code, subject=row, address=mask_address(address))
    proved = CopyMailbox.objects.open().filter(person=by, refused_at=None, confirmed_at__isnull=False)
    if any(key(other.address) == key(address) for other in proved):
        _refuse_too_often(row, now)
        _confirm(row, by, now)
    else:
        _send_code(row, now)
    return row


@transaction.atomic
def send_code(row: CopyMailbox, now: datetime) -> None:
    """Sends a new code; earlier ones stay valid until they expire. Raises NothingToConfirm, TooSoon, TooManySends, TooManyAttempts."""
    _take(row)
    if not row.waits_for_code:
        raise NothingToConfirm
    _send_code(row, now)


@transaction.atomic
def confirm(row: CopyMailbox, typed: str, by: "User", now: datetime) -> bool:
    """Confirms the mailbox and returns True; returns False for a wrong or expired code, and counts a wrong one.

    Returns True without a change when it is confirmed already (a double click). Raises TooManyAttempts (even for the right
    code), NothingToConfirm.
    """
    _take(row)
    if row.ended_at is not None:
        raise NothingToConfirm
    if not row.waits_for_code:
        return True
    locked_until = row.locked_until(now)
    if locked_until is not None:
        raise TooManyAttempts(locked_until)
    usable = row.codes.usable(now)
    if usable.match(row.codes_of, typed):
        _confirm(row, by, now)
        return True
    if usable and row.count_wrong(hash_of(row.codes_of, typed), now):  # without a valid code there is nothing to guess
        record("copy.wrong", now=now, actor=by, about=row.pharmacy.code, subject=row, left=row.attempts_left(now))
    return False


@transaction.atomic
def end(row: CopyMailbox, by: "User | None", now: datetime) -> bool:
    """Ends the copies; `by` None: the owner of the mailbox, by the link in a letter. False when they ended before."""
    _take(row)
    if row.ended_at is not None:
        return False
    had_copies = row.gets_copies
    _end(row, now)
    record("copy.stopped", now=now, actor=by, about=row.pharmacy.code, subject=row, address=mask_address(row.address),
           how="con il collegamento nel messaggio" if by is None else "dal portale")  # fmt: skip
    if had_copies:
        letters.ended(row, by, now)
    return True


@transaction.atomic
def mailbox_refused(letter: OutgoingMail, why: str, now: datetime) -> None:
    """Stops the copies to a mailbox that permanently refused a letter. Leaves alone a mailbox that was named after the letter."""
    since = Q(named_at=None) | Q(named_at__lte=letter.created_at)
    for row in _held(letter, since & Q(refused_at=None)):
        row.refused_at = now
        row.save(update_fields=["refused_at"])
        record("copy.ended", now=now, about=row.pharmacy.code, subject=row, address=mask_address(row.address), why=why)
        if row.confirmed_at is not None or row.is_older:
            letters.refused(row, why, now)


@transaction.atomic
def refusal_taken_back(letter: OutgoingMail, refused_at: datetime, now: datetime) -> None:
    """Resumes the copies that this letter stopped at `refused_at` (UTC): too many mailboxes looked dead, an operator decides.

    Leaves alone a mailbox that another letter stopped, and one that ended since.
    """
    for row in _held(letter, Q(refused_at=refused_at)):
        row.refused_at = None
        row.save(update_fields=["refused_at"])
        record("copy.resumed", now=now, about=row.pharmacy.code, subject=row, address=mask_address(row.address))
        if CopyMailbox.objects.filter(pk=row.pk).in_force([row.pharmacy_id], now):
            letters.resumed(row, now)


def forbidden(sent: Sequence[OutgoingMail], now: datetime) -> set[int]:
    """Returns the keys of the letters with a code for a mailbox that is confirmed, or whose copies ended."""
    codes = [letter.pk for letter in sent if letter.kind == OutgoingMail.Kind.CODE]
    if not codes:
        return set()
    rows = CodiceValidazione.objects.filter(letter__in=codes, copy__isnull=False).select_related("copy")
    return {row.letter_id for row in rows if row.copy is not None and not row.copy.waits_for_code}


def _take(row: CopyMailbox) -> None:
    Pharmacy.objects.hold(row.pharmacy_id)
    row.refresh_from_db()


def _refuse_too_often(row: CopyMailbox, now: datetime) -> None:
    """Raises NamedTooOften: without a code no other limit holds, and each naming writes to the certified address."""
    lately = CopyMailbox.objects.filter(pharmacy=row.pharmacy_id, person=row.person_id, named_at__gt=now - HOUR)
    named = list(lately.exclude(pk=row.pk).order_by("-named_at").values_list("named_at", flat=True))
    if len(named) >= SENDS_AN_HOUR_PER_PHARMACY and (first := named[SENDS_AN_HOUR_PER_PHARMACY - 1]) is not None:
        raise NamedTooOften(up_to_minute(first + HOUR))


def _send_code(row: CopyMailbox, now: datetime) -> None:
    CodiceValidazione.objects.hold_mailbox(row.mailbox)
    allowed = row.next_send(now)
    if allowed.at is not None and allowed.refusal is not None:
        raise allowed.refusal(allowed.at)
    code, expires_at = new_code(CODE_DIGITS), now + CODE_USABLE_FOR
    CodiceValidazione.objects.create(
        copy=row, mailbox=row.mailbox, code_hash=hash_of(row.codes_of, code), sent_at=now, expires_at=expires_at,
        letter=letters.code(row, code, expires_at, now),
    )  # fmt: skip
    record("copy.code", now=now, about=row.pharmacy.code, subject=row, address=mask_address(row.address))


def _earlier(pharmacy: Pharmacy, person: "User", replaces: CopyMailbox | None) -> "QuerySet[CopyMailbox]":
    """The open rows of this person, and `replaces`, by key."""
    rows = Q(person=person) if replaces is None else Q(person=person) | Q(pk=replaces.pk)
    return CopyMailbox.objects.open().filter(rows, pharmacy=pharmacy).order_by("pk")


def _confirm(row: CopyMailbox, by: "User", now: datetime) -> None:
    for earlier in _earlier(row.pharmacy, row.person or by, row.replaces).exclude(pk=row.pk):
        _end(earlier, now)
        record("copy.stopped", now=now, actor=by, about=row.pharmacy.code, subject=earlier,
               address=mask_address(earlier.address), how="indicando un’altra casella")  # fmt: skip
    row.confirmed_at, row.refused_at, row.person, row.replaces = now, None, row.person or by, None
    row.forgive()
    row.save()
    _withdraw_codes(row, now)
    record("copy.confirmed", now=now, actor=by, about=row.pharmacy.code, subject=row, address=mask_address(row.address))
    letters.confirmed(row, by, now)


def _end(row: CopyMailbox, now: datetime) -> None:
    row.ended_at = now
    row.save(update_fields=["ended_at"])
    _withdraw_codes(row, now)


def _withdraw_codes(row: CopyMailbox, now: datetime) -> None:
    OutgoingMail.objects.filter(pk__in=list(row.codes.values_list("letter", flat=True))).withdraw(now)


def _held(letter: OutgoingMail, narrow: Q) -> list[CopyMailbox]:
    """Locks the open rows, by key, that name the mailbox of this letter."""
    rows = CopyMailbox.objects.open().filter(narrow, address__iexact=letter.recipient)
    locked = rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    return list(locked.select_related("pharmacy", "person"))
