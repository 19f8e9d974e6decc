"""Queries for certifications (in force, pending, past), and the beginning of a request."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q

from pharmacies.certification import withdrawing
from pharmacies.models.certification_refused import AlreadyCertified, TooManyAttempts, TooManySends, TooSoon
from pharmacies.models.codice_validazione import CodiceValidazione
from pharmacies.models.office import Office
from pharmacies.models.pharmacy import Pharmacy
from portal.secrets.masking import mask_address

if TYPE_CHECKING:
    from pharmacies.addresses.examination import ExaminedAddress
    from pharmacies.models.certification import MailCertification
    from portal.identity.models import User

# Written as SQL because the ORM has no FOR SHARE. Several workers may hold it at once; a change of address waits for it.
_KEEP = """select id from pharmacies_mailcertification
where id = any(%s) and replaced_at is null and revoked_at is null for share skip locked"""
PENDING_FOR = timedelta(hours=24)  # lifetime of a request that is not completed


def has_lost_its_person(certification: "MailCertification", now: datetime) -> bool:
    """True when the person who began the request held a certifying office of the pharmacy, and holds none any more."""
    person = certification.requested_by
    if person is None:
        return True
    offices = Office.objects.certifying().filter(
        pharmacy=certification.pharmacy_id, codice_fiscale=person.codice_fiscale, since__lte=now
    )
    return offices.exists() and not offices.within_dates(now).exists()


class MailCertificationQuerySet(models.QuerySet["MailCertification"]):
    def current(self) -> "MailCertificationQuerySet":
        """The certified addresses in force, at most one per pharmacy."""
        return self.filter(certified_at__isnull=False, replaced_at=None, revoked_at=None)

    def pending(self, now: datetime) -> "MailCertificationQuerySet":
        """The pending requests (see MailCertification.is_pending), newest first; the first is the pharmacy's current one."""
        offices = Office.objects.certifying().filter(
            pharmacy=OuterRef("pharmacy"), codice_fiscale=OuterRef("requested_by__codice_fiscale"), since__lte=now
        )
        has_its_person = Exists(offices.within_dates(now)) | ~Exists(offices)
        return self.begun(now).filter(has_its_person, requested_by__isnull=False)

    def begun(self, now: datetime) -> "MailCertificationQuerySet":
        """The pending requests, and the ones that lost their person (has_lost_its_person)."""
        a_good_code = CodiceValidazione.objects.usable(now).filter(certification=OuterRef("pk"))
        under_way = Q(requested_at__gt=now - PENDING_FOR) | Exists(a_good_code)
        return self.filter(under_way, certified_at=None, withdrawn_at=None).order_by("-requested_at", "-pk")

    def past(self) -> "MailCertificationQuerySet":
        """The addresses that were certified and are not in force any more, newest first."""
        return (
            self.filter(certified_at__isnull=False)
            .exclude(replaced_at=None, revoked_at=None)
            .order_by("-certified_at", "-pk")
        )

    def changing(self, pharmacies: Collection[int]) -> set[int]:
        """Returns the pharmacies among these (primary keys) whose certified address another transaction is changing.

        Holds a shared lock on the addresses of the others until the caller's transaction ends. Does not wait (SKIP LOCKED).
        """
        if not pharmacies or not connection.features.has_select_for_update_skip_locked:
            return set()  # the embedded database lets one transaction write at a time
        current = dict(self.current().filter(pharmacy__in=pharmacies).values_list("pk", "pharmacy"))
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [list(current)])
            kept = {pk for (pk,) in cursor.fetchall()}
        return {pharmacy for pk, pharmacy in current.items() if pk not in kept}

    def used_by_another(self, pharmacy: Pharmacy, address_key: str) -> bool:
        """True when another pharmacy has this mailbox certified. Does not tell which one."""
        return self.current().filter(address_key=address_key).exclude(pharmacy=pharmacy).exists()

    @transaction.atomic
    def begin(self, pharmacy: Pharmacy, examined: "ExaminedAddress", by: "User", now: datetime) -> "MailCertification":
        """Begins the pharmacy's one pending request, for this address; sends nothing.

        An earlier request for the same mailbox is reused with its count of wrong codes, so that asking again, or switching
        to another address and back, gives no new guesses. Raises AlreadyCertified, unless the mailbox refuses mail and must
        prove that it works.
        """
        Pharmacy.objects.hold(pharmacy.pk)
        of_pharmacy = self.filter(pharmacy=pharmacy)
        current = of_pharmacy.current().filter(address_key=examined.key).first()
        proving = of_pharmacy.pending(now).filter(address_key=examined.key).exists()
        if current is not None and not (proving or current.refuses_mail):
            raise AlreadyCertified
        earlier = (
            of_pharmacy.filter(address_key=examined.key, certified_at=None).order_by("-requested_at", "-pk").first()
        )
        certification = earlier or self.model(pharmacy=pharmacy, address_key=examined.key, requested_at=now)
        is_news = earlier is None or not earlier.is_pending(now)
        certification.address, certification.withdrawn_at = examined.address, None
        certification.requested_by, certification.requested_at = by, now
        certification.save()
        others = [pk for pk in of_pharmacy.begun(now).values_list("pk", flat=True) if pk != certification.pk]
        of_pharmacy.filter(pk__in=others).update(withdrawn_at=now)
        withdrawing.codes_of(others, now)
        if is_news:
            certification.note("certification.requested", by, now, address=mask_address(examined.address))
        return certification

    @transaction.atomic
    def begin_and_send(
        self, pharmacy: Pharmacy, examined: "ExaminedAddress", by: "User", now: datetime
    ) -> "MailCertification":
        """Begins the request and sends the first code. A double click, or a return to an address whose last code is recent,
        sends no second letter. Raises AlreadyCertified, TooManySends (the transaction is then rolled back).
        """
        certification = self.begin(pharmacy, examined, by, now)
        try:
            with suppress(TooSoon, TooManyAttempts):  # the code page shows the time to wait
                certification.send_code(now)
        except TooManySends:
            if not certification.codes.usable(now).filter(letter__withdrawn_at=None).exists():
                raise
        return certification
