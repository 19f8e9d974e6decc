"""Which certifications: those in force, under way, of the past; and how a request begins."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q

from pharmacies.certification import withdrawing
from pharmacies.models.certification_refused import AlreadyCertified, TooManyAttempts, TooManySends, TooSoon
from pharmacies.models.codice_validazione import CodiceValidazione
from pharmacies.models.pharmacy import Pharmacy
from portal.secrets.masking import mask_address

if TYPE_CHECKING:
    from pharmacies.addresses.examination import ExaminedAddress
    from pharmacies.models.certification import MailCertification
    from portal.identity.models import User

# By hand: the ORM knows no FOR SHARE, which many workers may hold at once and a change of address waits for.
_KEEP = """select id from pharmacies_mailcertification
where id = any(%s) and replaced_at is null and revoked_at is null for share skip locked"""
PENDING_FOR = timedelta(hours=24)  # a request that nobody completes


class MailCertificationQuerySet(models.QuerySet["MailCertification"]):
    def current(self) -> "MailCertificationQuerySet":
        """The certified addresses in force: at most one per pharmacy."""
        return self.filter(certified_at__isnull=False, replaced_at=None, revoked_at=None)

    def pending(self, now: datetime) -> "MailCertificationQuerySet":
        """As MailCertification.is_pending(), newest first: the first of a pharmacy is the one under way."""
        a_good_code = CodiceValidazione.objects.usable(now).filter(certification=OuterRef("pk"))
        under_way = Q(requested_at__gt=now - PENDING_FOR) | Exists(a_good_code)
        return self.filter(under_way, certified_at=None, withdrawn_at=None).order_by("-requested_at", "-pk")

    def past(self) -> "MailCertificationQuerySet":
        """Addresses that were certified and are no longer, newest first."""
        return (
            self.filter(certified_at__isnull=False)
            .exclude(replaced_at=None, revoked_at=None)
            .order_by("-certified_at", "-pk")
        )

    def changing(self, pharmacies: Collection[int]) -> set[int]:
        """Those of these pharmacies (keys) whose certified address somebody is changing at this moment. The others keep
        theirs until the caller's transaction ends. Waits for nobody.
        """
        if not pharmacies or not connection.features.has_select_for_update_skip_locked:
            return set()  # the embedded database lets one transaction write at a time
        current = dict(self.current().filter(pharmacy__in=pharmacies).values_list("pk", "pharmacy"))
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [list(current)])
            kept = {pk for (pk,) in cursor.fetchall()}
        return {pharmacy for pk, pharmacy in current.items() if pk not in kept}

    def used_by_another(self, pharmacy: Pharmacy, address_key: str) -> bool:
        """True when another pharmacy has this mailbox certified. Which one is nobody's business."""
        return self.current().filter(address_key=address_key).exclude(pharmacy=pharmacy).exists()

    @transaction.atomic
    def begin(self, pharmacy: Pharmacy, examined: "ExaminedAddress", by: "User", now: datetime) -> "MailCertification":
        """The one request under way of this pharmacy becomes the one for this address; sends nothing. An earlier one for
        the same mailbox is taken up again with its wrong attempts: asking again, or another address and back, gives no new
        guesses. Raises AlreadyCertified, unless the mailbox must prove that it works again.
        """
        Pharmacy.objects.hold(pharmacy.pk)
        mine = self.filter(pharmacy=pharmacy)
        current = mine.current().filter(address_key=examined.key).first()
        proving = mine.pending(now).filter(address_key=examined.key).exists()
        if current is not None and not (proving or current.refuses_mail):
            raise AlreadyCertified
        earlier = mine.filter(address_key=examined.key, certified_at=None).order_by("-requested_at", "-pk").first()
        certification = earlier or self.model(pharmacy=pharmacy, address_key=examined.key, requested_at=now)
        is_news = earlier is None or not earlier.is_pending(now)
        certification.address, certification.withdrawn_at = examined.address, None
        certification.requested_by, certification.requested_at = by, now
        certification.save()
        others = [pk for pk in mine.pending(now).values_list("pk", flat=True) if pk != certification.pk]
        mine.filter(pk__in=others).update(withdrawn_at=now)
        withdrawing.codes_of(others, now)
        if is_news:
            certification.note("certification.requested", by, now, address=mask_address(examined.address))
        return certification

    @transaction.atomic
    def begin_and_send(
        self, pharmacy: Pharmacy, examined: "ExaminedAddress", by: "User", now: datetime
    ) -> "MailCertification":
        """begin(), and the first code leaves. A double click, or coming back to an address whose code is still good, sends no
        second letter. Raises AlreadyCertified, TooManySends (and then nothing was begun).
        """
        certification = self.begin(pharmacy, examined, by, now)
        try:
            with suppress(TooSoon, TooManyAttempts):  # the page of the code says the time
                certification.send_code(now)
        except TooManySends:
            if not certification.codes.usable(now).filter(letter__withdrawn_at=None).exists():
                raise
        return certification
