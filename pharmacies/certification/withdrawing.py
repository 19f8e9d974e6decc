"""Withdraws the letters of codes and notices whose address was given up, confirmed, replaced or revoked.

forbidden() applies the same rule again just before a letter leaves.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from portal.outbox.models import OutgoingMail
from portal.values import mail_address

if TYPE_CHECKING:
    from pharmacies.models import MailCertification

Kind = OutgoingMail.Kind
# Letters to one certified address. Not among them: codes, which go to an address before its certification; CHANGED and
# REVOKED, which go to a former address too; reminders, which may concern several pharmacies (app `sessions` withdraws them).
TO_THE_CERTIFIED = (Kind.CERTIFIED, Kind.NOTICE, Kind.ISSUED, Kind.TRIAL)


def codes_of(certifications: Iterable[int], now: datetime) -> None:
    """Withdraws the letters with the codes of these requests (primary keys), which are over."""
    from pharmacies.models import CodiceValidazione  # the models import this module

    codes = CodiceValidazione.objects.filter(certification__in=list(certifications)).order_by()
    OutgoingMail.objects.filter(kind=Kind.CODE, pk__in=codes.values("letter")).withdraw(now)


def written_to(former: "MailCertification", now: datetime) -> None:
    """Withdraws the letters to an address that was replaced or revoked, in every spelling of its mailbox."""
    spellings = type(former).objects.filter(address_key=former.address_key).values("address")
    about = OutgoingMail.objects.filter(about=former.pharmacy.code, kind__in=TO_THE_CERTIFIED)
    about.filter(recipient__in=spellings).withdraw(now)


def forbidden(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    """Returns the keys of the letters that must not leave.

    These are codes of a request that is over or that names another mailbox, and notices to an address that is not
    certified any more.
    """
    return _codes(letters, now) | _notices(letters)


def _codes(letters: Sequence[OutgoingMail], now: datetime) -> set[int]:
    from pharmacies.models import CodiceValidazione

    recipients = {letter.pk: letter.recipient for letter in letters if letter.kind == Kind.CODE}
    if not recipients:
        return set()
    codes = CodiceValidazione.objects.filter(letter__in=recipients).select_related("certification")
    return {
        code.letter_id
        for code in codes
        if (request := code.certification) is not None  # else a code for the mailbox of a copy
        and (not request.is_pending(now) or request.address_key != mail_address.key(recipients[code.letter_id]))
    }


def _notices(letters: Sequence[OutgoingMail]) -> set[int]:
    from pharmacies.models import MailCertification

    notices = [
        letter for letter in letters if letter.about and letter.kind in (Kind.CERTIFIED, Kind.NOTICE, Kind.TRIAL)
    ]
    if not notices:
        return set()
    codes = {letter.about for letter in notices}
    proved = MailCertification.objects.filter(pharmacy__code__in=codes, certified_at__isnull=False)
    in_force = Q(replaced_at=None, revoked_at=None)
    current = set(proved.filter(in_force).values_list("pharmacy__code", "address_key"))
    former = set(proved.exclude(in_force).values_list("pharmacy__code", "address_key")) - current
    return {letter.pk for letter in notices if (letter.about, mail_address.key(letter.recipient)) in former}
