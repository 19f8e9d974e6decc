"""The imports of the national register: one row for each file, with its size and its flaw."""

from datetime import date

from django.db import models
from django.db.models import Q

IS_WHOLE = Q(flaw="") | ~Q(accepted_because="")


class RegisterImportQuerySet(models.QuerySet["RegisterImport"]):
    def last_whole(self) -> "RegisterImport | None":
        return self.filter(IS_WHOLE).order_by("-at", "-pk").first()

    def days_without(self, since: date, and_also: date) -> int:
        """Counts the days from `since` on with a whole file whose codes are all readable; `and_also`: the file under way."""
        days = self.filter(IS_WHOLE, day__gte=since, unnamed=0).values_list("day", flat=True)
        return len({*days.distinct(), and_also})


class RegisterImport(models.Model):
    """One import that wrote. A file is whole when it has no flaw, or when an operator accepted it with a reason."""

    at = models.DateTimeField("quando")
    file = models.CharField("file", max_length=80)
    day = models.DateField("giorno del file")  # from its name, else the Italian day of the import
    rows = models.PositiveIntegerField("righe")
    pharmacies = models.PositiveIntegerField("farmacie")  # different codes: repeated rows count once
    unnamed = models.PositiveIntegerField("righe senza codice leggibile")  # each may belong to an absent pharmacy
    flaw = models.CharField("perché non è intero", max_length=20, blank=True)  # a key of completeness.FLAWS
    accepted_because = models.CharField("preso per intero perché", max_length=200, blank=True)

    objects = RegisterImportQuerySet.as_manager()

    class Meta:
        verbose_name = "lettura del registro"
        verbose_name_plural = "letture del registro"
        indexes = [models.Index(fields=["-at"], name="register_import_newest")]  # for last_whole()

    def __str__(self) -> str:
        return f"{self.file} {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_whole(self) -> bool:
        return not self.flaw or bool(self.accepted_because)
