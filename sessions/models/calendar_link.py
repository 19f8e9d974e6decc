"""The private address from which a calendar program reads the expiries. The address is the only credential; it can be renewed."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from pharmacies.models import Pharmacy
from pharmacies.models.office import under_a_holder


class CalendarLinkQuerySet(models.QuerySet["CalendarLink"]):
    def open(self) -> "CalendarLinkQuerySet":
        return self.filter(closed_at=None)

    def working(self, now: datetime) -> "CalendarLinkQuerySet":
        """The open ones of pharmacies with a holder, or without one for less than SUCCESSION_FOR."""
        return self.open().filter(under_a_holder(now))


class CalendarLink(models.Model):
    """One private address of one pharmacy, from when to when. At most one is open."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="calendar_links")
    digest = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the 32 random bytes in the address
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # the holder who last decided that it goes on after a change of holder (preferences/handover.py)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kept_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    objects = CalendarLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "indirizzo del calendario"
        verbose_name_plural = "indirizzi del calendario"
        constraints = [
            models.UniqueConstraint(
                fields=["pharmacy"], condition=Q(closed_at=None), name="one_open_calendar_per_pharmacy"
            )
        ]

    def __str__(self) -> str:
        return f"calendario {self.pk} di {self.pharmacy_id}"
