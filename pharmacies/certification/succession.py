"""The address in force after a change of people: whether a holder must confirm it, since when, until when.

An address needs a person who vouches for it: the person who certified it, or the one who confirmed it last. When none of them
holds a certifying office of the pharmacy any more, a holder in force is asked to confirm it, to change it or to revoke it. An
imported address has no such person until its first confirmation. The address stays in force all the time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from pharmacies.certification import letters
from pharmacies.models import MailCertification, Office, Pharmacy
from portal.database.composed import Composed
from portal.database.contention import tried_again
from portal.secrets.masking import mask_address
from portal.time.clock import ROME

if TYPE_CHECKING:
    from portal.identity.models import User

PART = 1 / 4  # of the term, between two letters that ask for the confirmation: three letters in all
LETTERS_FROM, LETTERS_UNTIL = 9, 18  # hours of the day in Italy
_CERTIFYING = Composed(lambda pharmacy, now: Office.objects.certifying().filter(pharmacy=pharmacy, since__lte=now))
A_ROUND = 200  # letters of one run of the task, for each kind of address


@dataclass(frozen=True)
class Succession:
    """An address in force that a holder must confirm. Instants in UTC."""

    certification: MailCertification
    since: datetime  # the last voucher left, or the address was imported
    holder_since: datetime | None  # the first office of a holder who can confirm it; None: there is none

    @property
    def is_imported(self) -> bool:
        """True for an address of the former system that nobody has confirmed yet."""
        return self.certification.imported_at is not None and self.certification.confirmed_at is None

    @property
    def former(self) -> "User | None":
        """The person who vouched for it last; None for an imported address."""
        return self.certification.confirmed_by or self.certification.certified_by

    @property
    def asked_since(self) -> datetime:
        """The begin of the term: the day on which somebody could confirm it, or the end of the last voucher without one."""
        return max(self.since, self.holder_since or self.since)

    @property
    def until(self) -> datetime:
        """The end of the term; then it is a matter for the desk."""
        return self.asked_since + self._term

    @property
    def _term(self) -> timedelta:
        return settings.IMPORTED_ADDRESS_FOR if self.is_imported else settings.SUCCESSION_FOR

    def is_late(self, now: datetime) -> bool:
        return self.until <= now

    def needs_letter(self, now: datetime) -> bool:
        """True when the next letter is due: a quarter of the term after its begin or after the last letter, until its end."""
        asked_at, ago = self.certification.asked_at, now - PART * self._term
        return self.asked_since <= ago and not self.is_late(now) and (asked_at is None or asked_at <= ago)


def succession_of(certification: MailCertification | None, now: datetime) -> Succession | None:
    """Returns what a holder must be told about this address; None when somebody in office vouches for it, or it is not in force."""
    if certification is None or not certification.is_current:
        return None
    assert certification.certified_at is not None  # noqa: S101  an address in force is certified
    people = (certification.certified_by, certification.confirmed_by)
    vouchers = {person.codice_fiscale for person in people if person is not None}
    offices = _CERTIFYING.all(certification.pharmacy_id, now)
    holders = [office for office in offices if office.until is None or office.until > now]
    if any(office.codice_fiscale in vouchers for office in holders):
        return None
    left = [office.until for office in offices if office.codice_fiscale in vouchers and office.until is not None]
    since = max([*left, certification.imported_at or certification.certified_at])
    return Succession(certification, since, min((office.since for office in holders), default=None))


def to_confirm(now: datetime, since: datetime | None = None) -> QuerySet[MailCertification]:
    """The addresses with a succession (see succession_of) whose `asked_since` is at or before `since` (UTC; None: now)."""
    at = since or now
    offices = Office.objects.certifying().filter(pharmacy=OuterRef("pharmacy"), since__lte=now)
    by = Q(codice_fiscale=OuterRef("certified_by__codice_fiscale"))
    vouchers = offices.filter(by | Q(codice_fiscale=OuterRef("confirmed_by__codice_fiscale")))
    holders = offices.within_dates(now)
    return (
        MailCertification.objects.current()
        .annotate(vouched_at=Coalesce("imported_at", "certified_at"))
        .filter(~Exists(vouchers.filter(Q(until=None) | Q(until__gt=at))), vouched_at__lte=at)
        .filter(Exists(holders.filter(since__lte=at)) | ~Exists(holders))
    )


def late(now: datetime, inside: QuerySet[Pharmacy] | None = None) -> list[QuerySet[MailCertification]]:
    """The addresses whose term is over, in open pharmacies of `inside` (None: all); one query for each kind of address."""
    pharmacies = _open(now) if inside is None else inside.filter(pk__in=_open(now))
    return [to_confirm(now, now - term).filter(kind, pharmacy__in=pharmacies) for kind, term in _kinds()]


def to_ask(now: datetime) -> list[QuerySet[MailCertification]]:
    """As Succession.needs_letter, for addresses that receive mail in open pharmacies; one query for each kind of address."""
    found = []
    for kind, term in _kinds():
        ago = now - PART * term
        due = to_confirm(now, ago).filter(kind, Q(asked_at=None) | Q(asked_at__lte=ago))
        not_late = due.exclude(pk__in=to_confirm(now, now - term).filter(kind).values("pk"))
        found.append(not_late.filter(undeliverable_at=None, pharmacy__in=_open(now)))
    return found


def ask(now: datetime) -> int:
    """Writes the letters that are due, each in its own transaction, by day. Returns how many; may run twice at the same time."""
    if not LETTERS_FROM <= now.astimezone(ROME).hour < LETTERS_UNTIL:
        return 0
    due = [pair for rows in to_ask(now) for pair in rows.order_by("pk").values_list("pk", "pharmacy")[:A_ROUND]]
    return sum(tried_again(partial(_ask_about, pk, pharmacy, now)) for pk, pharmacy in due)


@transaction.atomic
def _ask_about(pk: int, pharmacy: int, now: datetime) -> bool:
    Pharmacy.objects.hold(pharmacy)
    certification = MailCertification.objects.filter(pk=pk, undeliverable_at=None).select_related("pharmacy").first()
    succession = succession_of(certification, now)
    if certification is None or succession is None or not succession.needs_letter(now):
        return False  # another worker has written it, or a holder has confirmed it
    MailCertification.objects.filter(pk=pk).update(asked_at=now)
    letters.to_confirm(succession, now)
    certification.note("certification.asked", None, now, address=mask_address(certification.address))
    return True


@transaction.atomic
def confirm(certification: MailCertification, by: "User", with_: str, now: datetime) -> bool:
    """A holder says that the address is the pharmacy's: from now on `by` vouches for it. `with_`: see certified_with.

    Returns False when there is nothing to confirm any more: a double click, another holder, another address meanwhile.
    """
    Pharmacy.objects.hold(certification.pharmacy_id)
    certification.refresh_from_db()
    offices = Office.objects.certifying().within_dates(now).filter(pharmacy=certification.pharmacy_id)
    if succession_of(certification, now) is None or not offices.filter(codice_fiscale=by.codice_fiscale).exists():
        return False
    certification.confirmed_at, certification.confirmed_by = now, by
    certification.save(update_fields=["confirmed_at", "confirmed_by"])
    letters.confirmed(certification, by, now)
    certification.note(
        "certification.confirmed", by, now, address=mask_address(certification.address), **{"with": with_}
    )
    return True


def _kinds() -> list[tuple[Q, timedelta]]:
    """The condition and the term of each kind of address; apart, because PostgreSQL joins no subquery inside an OR."""
    imported = Q(imported_at__isnull=False, confirmed_at=None)
    return [(imported, settings.IMPORTED_ADDRESS_FOR), (~imported, settings.SUCCESSION_FOR)]


def _open(now: datetime) -> QuerySet[Pharmacy]:
    return Pharmacy.objects.open_on(now.astimezone(ROME).date())
