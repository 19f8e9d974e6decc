"""The address in force after a change of people: whether a holder must confirm it, since when, until when.

An address needs a person who vouches for it: the person who certified it, or the one who confirmed it last. When none of them
holds a certifying office of the pharmacy any more, a holder in force is asked to confirm it, to change it or to revoke it. An
imported address has no such person until its first confirmation. The address stays in force all the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from pharmacies.certification import letters
from pharmacies.models import MailCertification, Office, Pharmacy
from portal.database.contention import tried_again
from portal.secrets.masking import mask_address
from portal.time.clock import ROME

if TYPE_CHECKING:
    from portal.identity.models import User

PART = 1 / 4  # of the term, between two letters that ask for the confirmation: three letters in all
LETTERS_FROM, LETTERS_UNTIL = 9, 18  # hours of the day in Italy
A_ROUND = 200  # letters of one run of the task


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
    def until(self) -> datetime:
        """The end of the term, counted from the day on which somebody could confirm it; then it is a matter for the desk."""
        term = settings.IMPORTED_ADDRESS_FOR if self.is_imported else settings.SUCCESSION_FOR
        return max(self.since, self.holder_since or self.since) + term

    def is_late(self, now: datetime) -> bool:
        return self.until <= now


def succession_of(certification: MailCertification | None, now: datetime) -> Succession | None:
    """Returns what a holder must be told about this address; None when somebody in office vouches for it, or it is not in force."""
    if certification is None or not certification.is_current:
        return None
    assert certification.certified_at is not None  # noqa: S101  an address in force is certified
    people = (certification.certified_by, certification.confirmed_by)
    vouchers = {person.codice_fiscale for person in people if person is not None}
    offices = list(Office.objects.certifying().filter(pharmacy=certification.pharmacy_id, since__lte=now))
    holders = [office for office in offices if office.until is None or office.until > now]
    if any(office.codice_fiscale in vouchers for office in holders):
        return None
    left = [office.until for office in offices if office.codice_fiscale in vouchers and office.until is not None]
    since = max(left, default=certification.imported_at or certification.certified_at)
    return Succession(certification, since, min((office.since for office in holders), default=None))


def to_confirm(now: datetime) -> QuerySet[MailCertification]:
    """The addresses in force with a succession (see succession_of), with its facts `since` and `holder_since`."""
    offices = Office.objects.certifying().filter(pharmacy=OuterRef("pharmacy"))
    by = Q(codice_fiscale=OuterRef("certified_by__codice_fiscale"))
    vouchers = offices.filter(by | Q(codice_fiscale=OuterRef("confirmed_by__codice_fiscale")))
    left = vouchers.filter(until__lte=now).order_by("-until").values("until")[:1]
    holders = offices.within_dates(now).order_by("since").values("since")[:1]
    return (
        MailCertification.objects.current()
        .filter(~Exists(vouchers.within_dates(now)))
        .annotate(since=Coalesce(Subquery(left), "imported_at", "certified_at"), holder_since=Subquery(holders))
    )


def late(now: datetime) -> "QuerySet[Any]":
    """The addresses whose term is over, in open pharmacies, oldest first, with `since`: the desk looks after them."""
    late_ones: QuerySet[Any] = to_confirm(now).filter(_begun(now, 1), pharmacy__in=_open(now))
    return late_ones.order_by("since", "pk")


def to_ask(now: datetime) -> QuerySet[MailCertification]:
    """The addresses whose next letter is due: a quarter of the term after its begin or after the last letter."""
    asked_before = _by_term(now, PART, lambda at: Q(asked_at=None) | Q(asked_at__lte=at))
    due = to_confirm(now).filter(_begun(now, PART), ~_begun(now, 1), asked_before)
    return due.filter(undeliverable_at=None, pharmacy__in=_open(now))


def ask(now: datetime) -> int:
    """Writes the letters that are due, each in its own transaction, by day. Returns how many; may run twice at the same time."""
    if not LETTERS_FROM <= now.astimezone(ROME).hour < LETTERS_UNTIL:
        return 0
    due = to_ask(now).order_by("pk").values_list("pk", "pharmacy")[:A_ROUND]
    return sum(tried_again(partial(_ask_about, pk, pharmacy, now)) for pk, pharmacy in list(due))


@transaction.atomic
def _ask_about(pk: int, pharmacy: int, now: datetime) -> bool:
    Pharmacy.objects.hold(pharmacy)
    certification = to_ask(now).select_related("pharmacy").filter(pk=pk).first()  # another worker may have written it
    succession = succession_of(certification, now)
    if certification is None or succession is None:
        return False
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


def _begun(now: datetime, part: float) -> Q:
    """The condition that this part of the term is over, counted from the later of `since` and `holder_since`."""
    return _by_term(
        now, part, lambda at: Q(since__lte=at) & (Q(holder_since=None) | Q(holder_since__lte=at))
    )  # fmt: skip


def _by_term(now: datetime, part: float, condition: Callable[[datetime], Q]) -> Q:
    """The condition on the instant that lies this part of the term before `now`, for each kind of address."""
    imported = Q(imported_at__isnull=False, confirmed_at=None)
    return (imported & condition(now - part * settings.IMPORTED_ADDRESS_FOR)) | (
        ~imported & condition(now - part * settings.SUCCESSION_FOR)
    )


def _open(now: datetime) -> QuerySet[Pharmacy]:
    return Pharmacy.objects.open_on(now.astimezone(ROME).date())
