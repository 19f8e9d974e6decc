"""The private address of the semaforo: a page for the screen at the counter. The address is the only credential; it can be renewed."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from pharmacies.models import MailCertification, Pharmacy
from pharmacies.models.office import under_a_holder


class SemaforoLinkQuerySet(models.QuerySet["SemaforoLink"]):
    def open(self) -> "SemaforoLinkQuerySet":
        return self.filter(closed_at=None)

    def working(self, now: datetime) -> "SemaforoLinkQuerySet":
        """The open ones whose certified address is still in force, of pharmacies with a holder, or without one for less than
        SUCCESSION_FOR. semaforo/board.py has the same rule in SQL: a test compares the two.
        """
        return self.open().filter(under_a_holder(now), certification__revoked_at=None)


class SemaforoLink(models.Model):
    """One private address of one pharmacy, from when to when. At most one is open."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="semaforo_links")
    digest = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the 32 random bytes in the address
    # the certified address in force when it was made, or when a holder last kept it: it ends with that
    certification = models.ForeignKey(MailCertification, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # the holder who last decided that it goes on, after a change of holder or of address
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kept_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)  # at most an hour behind: see semaforo/board.py
    closed_at = models.DateTimeField(null=True)

    objects = SemaforoLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "indirizzo del semaforo"
        verbose_name_plural = "indirizzi del semaforo"
        constraints = [
            models.UniqueConstraint(
                fields=["pharmacy"], condition=Q(closed_at=None), name="one_open_semaforo_per_pharmacy"
            )
        ]

    def __str__(self) -> str:
        return f"semaforo {self.pk} di {self.pharmacy_id}"
