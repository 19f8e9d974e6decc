"""Each reading of the national register: what the file was, and whether it was whole."""

from datetime import date

from django.db import models
from django.db.models import Q

IS_WHOLE = Q(flaw="") | ~Q(accepted_because="")


class RegisterImportQuerySet(models.QuerySet["RegisterImport"]):
    def last_whole(self) -> "RegisterImport | None":
        return self.filter(IS_WHOLE).order_by("-at", "-pk").first()

    def days_without(self, since: date, and_also: date) -> int:
        """How many days from `since` on, that of the present file among them, have a file whose silence proves something."""
        days = self.filter(IS_WHOLE, day__gte=since, unnamed=0).values_list("day", flat=True)
        return len({*days.distinct(), and_also})


class RegisterImport(models.Model):
    """One import that wrote. A file is whole when it has no flaw, or when somebody said so with a reason."""

    at = models.DateTimeField("quando")
    file = models.CharField("file", max_length=80)
    day = models.DateField("giorno del file")  # in its name, else the Italian day of the import
    rows = models.PositiveIntegerField("righe")
    pharmacies = models.PositiveIntegerField("farmacie")  # different codes: a file that says all twice is no larger
    unnamed = models.PositiveIntegerField("righe senza codice leggibile")  # one of them may be any absent pharmacy
    flaw = models.CharField("perché non è intero", max_length=20, blank=True)  # a word of registry_whole.FLAWS
    accepted_because = models.CharField("preso per intero perché", max_length=200, blank=True)

    objects = RegisterImportQuerySet.as_manager()

    class Meta:
        verbose_name = "lettura del registro"
        verbose_name_plural = "letture del registro"
        indexes = [models.Index(fields=["-at"], name="register_import_newest")]  # the last whole one

    def __str__(self) -> str:
        return f"{self.file} {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_whole(self) -> bool:
        return not self.flaw or bool(self.accepted_because)
