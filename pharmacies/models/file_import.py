"""The common part of the imports of the administrations' files: one row for each file, with its size and its flaw."""

from datetime import date
from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q

IS_WHOLE = Q(flaw="") | ~Q(accepted_because="")
Row = TypeVar("Row", bound="FileImport")


class FileImportQuerySet(models.QuerySet[Row]):
    def whole(self) -> Self:
        return self.filter(IS_WHOLE)

    def last_whole(self) -> Row | None:
        return self.whole().order_by("-at", "-pk").first()

    def days_without(self, since: date, and_also: date) -> int:
        """Counts the days from `since` on with a whole file whose rows can all be named; `and_also`: the file under way."""
        days = self.whole().filter(day__gte=since, unnamed=0).values_list("day", flat=True)
        return len({*days.distinct(), and_also})


class FileImport(models.Model):
    """One import that wrote. A file is whole when it has no flaw, or when an operator accepted it with a reason."""

    at = models.DateTimeField("quando")
    file = models.CharField("file", max_length=80)
    day = models.DateField("giorno del file")  # from its name, else the Italian day of the import
    rows = models.PositiveIntegerField("righe")
    unnamed = models.PositiveIntegerField("righe senza codice leggibile")  # each may belong to somebody absent
    flaw = models.CharField("perché non è intero", max_length=20, blank=True)  # a key of completeness.FLAWS
    accepted_because = models.CharField("preso per intero perché", max_length=200, blank=True)

    objects: ClassVar[Any] = FileImportQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.file} {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_whole(self) -> bool:
        return not self.flaw or bool(self.accepted_because)
