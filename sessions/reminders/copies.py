"""The copy of the reminders, to a mailbox that a titolare or direttore names; a letter tells the certified address.

Copies are sent as long as that person holds the office, and until the mailbox permanently refuses one. A refusal that the outbox
takes back (portal/outbox/marking.py, the brake) gives the copies back.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from pharmacies.addresses.examination import mailbox_of
from pharmacies.models import MailCertification, Office, Pharmacy
from portal.identity.models import User
from portal.journal.models import record
from portal.outbox.models import OutgoingMail
from portal.secrets.masking import mask_address
from sessions.letters import id_letters
from sessions.models import Reminder, ReminderSettings


def named(pharmacy: Pharmacy, address: str, by: User, now: datetime) -> None:
    """Tells the certified address that copies go to `address` from now on. In the transaction of the choice."""
    certification = _reachable_address(pharmacy)
    if certification is not None:
        id_letters.copy_named(certification, address, by, now)


def address_of(chosen: ReminderSettings, now: datetime) -> str:
    """The address of the copy; "" when none is wanted, when it refused one, or when the person who named it has left the office.

    A row without that person (older rows) counts only if no titolare or direttore of the pharmacy has ever left the office.
    """
    if not chosen.copy_to or chosen.copy_refused_at is not None:
        return ""
    holders = Office.objects.filter(pharmacy=chosen.pharmacy_id).certifying()
    person = chosen.copy_named_by
    if person is None:
        holds = not holders.filter(until__lte=now).exists()
    else:
        still = Q(until=None) | Q(until__gt=now)
        holds = holders.filter(still, codice_fiscale=person.codice_fiscale, since__lte=now).exists()
    return chosen.copy_to if holds else ""


def addresses(pharmacies: Collection[int], now: datetime) -> dict[int, str]:
    """The address of the copy by pharmacy (key), for the pharmacies that have one."""
    chosen = (
        ReminderSettings.objects.filter(pharmacy__in=pharmacies, copy_refused_at=None)
        .exclude(copy_to="")
        .select_related("copy_named_by")
    )
    found = {settings.pharmacy_id: address_of(settings, now) for settings in chosen}
    return {pharmacy: address for pharmacy, address in found.items() if address}


def write(
    reminders: Sequence[Reminder],
    wanted: dict[int, str],
    certification: MailCertification,
    now: datetime,
    *,
    unwarned: bool = False,
) -> dict[int, OutgoingMail]:
    """Writes the copies of a letter to this address, one for each mailbox, about the ids of its pharmacies only.

    `wanted`: the address of the copy by pharmacy (key). Returns the copies by reminder (key). Writes none to the mailbox of the
    letter itself, and none for a reminder that has a copy already (one sent again to another address).
    """
    by_mailbox: dict[str, tuple[str, list[Reminder]]] = {}
    for reminder in reminders:
        address = wanted.get(reminder.id_sessione.pharmacy_id or 0, "")
        if address and mailbox_of(address) != mailbox_of(certification.address) and not _has_one(reminder):
            by_mailbox.setdefault(mailbox_of(address), (address, []))[1].append(reminder)
    letters: dict[int, OutgoingMail] = {}
    for address, copied in by_mailbox.values():
        rows = [reminder.id_sessione for reminder in copied]
        if rows[0].expires_at > now:
            letter = id_letters.expiring(rows, certification, now, copy_to=address)
        else:
            letter = id_letters.expired(rows[0], certification, now, copy_to=address, unwarned=unwarned)
        letters |= {reminder.pk: letter for reminder in copied}
    return letters


def _has_one(reminder: Reminder) -> bool:
    return OutgoingMail.objects.filter(pk=reminder.copy_id, withdrawn_at=None).exists() if reminder.copy_id else False


@transaction.atomic
def mailbox_refused(letter: OutgoingMail, why: str, now: datetime) -> None:
    """Ends the copies to a mailbox that permanently refused one and tells the certified address.

    Leaves alone an address that was named after the refused letter was written.
    """
    since = Q(copy_named_at=None) | Q(copy_named_at__lte=letter.created_at)
    for chosen in _held(letter, since & Q(copy_refused_at=None)):
        chosen.copy_refused_at = now
        chosen.save(update_fields=["copy_refused_at"])
        address, pharmacy = chosen.copy_to, chosen.pharmacy
        record("copy.ended", now=now, about=pharmacy.code, subject=chosen, address=mask_address(address), why=why)
        certification = _reachable_address(pharmacy)
        if certification is not None:
            id_letters.copy_ended(certification, address, why, now)


@transaction.atomic
def refusal_taken_back(letter: OutgoingMail, refused_at: datetime, now: datetime) -> None:
    """Resumes the copies that this letter ended at `refused_at` (UTC) and tells the certified address.

    Too many mailboxes looked dead: an operator decides. Leaves alone a mailbox that another letter ended, and a later choice.
    """
    for chosen in _held(letter, Q(copy_refused_at=refused_at)):
        chosen.copy_refused_at = None
        chosen.save(update_fields=["copy_refused_at"])
        address, pharmacy = chosen.copy_to, chosen.pharmacy
        record("copy.resumed", now=now, about=pharmacy.code, subject=chosen, address=mask_address(address))
        certification = _reachable_address(pharmacy)
        if certification is not None and address_of(chosen, now):
            id_letters.copy_resumed(certification, address, now)


def _held(letter: OutgoingMail, narrow: Q) -> list[ReminderSettings]:
    """Locks the choices, by key, that name the mailbox of this letter for their copy."""
    named_here = ReminderSettings.objects.filter(narrow, copy_to__iexact=letter.recipient)
    locked = named_here.select_for_update(of=("self",), no_key=True).order_by("pk")
    return list(locked.select_related("pharmacy", "copy_named_by"))


def _reachable_address(pharmacy: Pharmacy) -> MailCertification | None:
    """The certified address of the pharmacy, if it receives mail."""
    current = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None)
    return current.select_related("pharmacy").first()
