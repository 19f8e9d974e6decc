"""The imports of the national register: one row for each file, with its size and its flaw."""

from django.db import models

from pharmacies.models.file_import import FileImport
from pharmacies.models.pharmacy import NationalRegister


class RegisterImport(FileImport):
    """One import of the register that wrote (see FileImport)."""

    register = models.CharField(
        "registro", max_length=12, choices=NationalRegister.choices, db_default=NationalRegister.FARMACIE.value,
        default=NationalRegister.FARMACIE,
    )  # fmt: skip
    pharmacies = models.PositiveIntegerField("farmacie")  # different codes: repeated rows count once

    class Meta:
        verbose_name = "lettura del registro"
        verbose_name_plural = "letture del registro"
        indexes = [models.Index(fields=["-at"], name="register_import_newest")]  # for last_whole()
