"""The ASL of each comune, as an administration's table says it (`manage.py import_asl`)."""

from django.db import models
from django.db.models import Exists, OuterRef


class AslOfComuneQuerySet(models.QuerySet["AslOfComune"]):
    def deciding(self) -> "AslOfComuneQuerySet":
        """The rows of the comuni that have one ASL: the only ones that say where a pharmacy belongs."""
        same = AslOfComune.objects.filter(catasto=OuterRef("catasto"))
        others = same.exclude(region_code=OuterRef("region_code"), asl_code=OuterRef("asl_code"))
        return self.filter(~Exists(others))


class AslOfComune(models.Model):
    """One ASL of one comune. A comune with several rows has several ASL, and the table alone does not decide."""

    catasto = models.CharField("codice catastale", max_length=4)
    comune = models.CharField("comune", max_length=80)
    region_code = models.CharField("codice regione", max_length=3)  # 010
    asl_code = models.CharField("codice ASL", max_length=3)  # 204
    asl_name = models.CharField("nome dell’ASL", max_length=120, blank=True)
    loaded_at = models.DateTimeField("caricata il")

    objects = AslOfComuneQuerySet.as_manager()

    class Meta:
        verbose_name = "ASL di un comune"
        verbose_name_plural = "ASL dei comuni"
        constraints = [
            models.UniqueConstraint(fields=["catasto", "region_code", "asl_code"], name="one_row_per_comune_and_asl")
        ]
        indexes = [models.Index(fields=["region_code", "asl_code"], name="comuni_of_asl")]

    def __str__(self) -> str:
        return f"{self.comune}: ASL {self.asl_code} ({self.region_code})"
