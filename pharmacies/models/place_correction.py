"""The place of a pharmacy as an operator corrected it, where neither the register nor the tables say it."""

from django.conf import settings
from django.db import models

from pharmacies.models.pharmacy import Pharmacy


class PlaceCorrection(models.Model):
    """One a pharmacy: region, province and ASL, each empty when the operator did not correct it. The journal keeps the earlier ones."""

    pharmacy = models.OneToOneField(Pharmacy, models.PROTECT, related_name="place_correction", verbose_name="farmacia")
    region_code = models.CharField("codice regione", max_length=3, blank=True)
    province = models.CharField("provincia", max_length=2, blank=True)
    asl_code = models.CharField("codice ASL", max_length=3, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="corretta da")
    at = models.DateTimeField("corretta il")
    because = models.CharField("motivo", max_length=200)

    class Meta:
        verbose_name = "luogo corretto"
        verbose_name_plural = "luoghi corretti"

    def __str__(self) -> str:
        return f"{self.pharmacy}: {self.region_code} {self.province} {self.asl_code}".strip()
