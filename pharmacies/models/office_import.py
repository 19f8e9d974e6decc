"""The imports of the files that name the people of the pharmacies: one row for each file, with its size and its flaw."""

from collections.abc import Collection
from typing import Any, ClassVar

from django.db import models

from pharmacies.models.file_import import FileImport, FileImportQuerySet


class OfficeImportQuerySet(FileImportQuerySet["OfficeImport"]):
    def last_whole_about(self, codes: Collection[str] | None) -> "OfficeImport | None":
        """The newest whole file that speaks of one of these pharmacies; None: of all (a file limited to some does not)."""
        wanted = None if codes is None else set(codes)
        for found in self.whole().order_by("-at", "-pk").iterator():
            if found.only_these is None or (wanted is not None and wanted.intersection(found.only_these)):
                return found
        return None


class OfficeImport(FileImport):
    """One import of offices that wrote (see FileImport)."""

    offices = models.PositiveIntegerField("incarichi")  # different persons in different pharmacies
    # the codes of the pharmacies that the file speaks of (--only-these-pharmacies); None: all
    only_these = models.JSONField("solo queste farmacie", null=True, blank=True)

    objects: ClassVar[Any] = OfficeImportQuerySet.as_manager()

    class Meta:
        verbose_name = "lettura degli incarichi"
        verbose_name_plural = "letture degli incarichi"
        indexes = [models.Index(fields=["-at"], name="office_import_newest")]
