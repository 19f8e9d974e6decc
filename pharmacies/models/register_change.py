"""The history of the register's data: the old and the new value of each changed field."""

from django.db import models

from pharmacies.models.pharmacy import Pharmacy


class RegisterChange(models.Model):
    """One field of one pharmacy that one import changed."""

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="register_changes", verbose_name="farmacia")
    at = models.DateTimeField("quando")
    field = models.CharField("dato", max_length=30)  # the name of a field of Pharmacy
    was = models.CharField("era", max_length=200, blank=True)
    became = models.CharField("è diventato", max_length=200, blank=True)

    class Meta:
        verbose_name = "variazione del registro"
        verbose_name_plural = "variazioni del registro"
        indexes = [models.Index(fields=["pharmacy", "-at"], name="change_of_pharmacy")]  # the page of a pharmacy

    def __str__(self) -> str:
        return f"{self.pharmacy_id} {self.field} {self.at:%Y-%m-%d}"

    @property
    def label(self) -> str:
        """Returns the Italian name of the field, for the pages."""
        return str(getattr(Pharmacy._meta.get_field(self.field), "verbose_name", self.field))
