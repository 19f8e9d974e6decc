"""The mark of a database: the mode of the installation that it belongs to."""

from django.db import models


class DatabaseMark(models.Model):
    """One row: PORTAL_MODE at the first migration of this database (portal/installation.py)."""

    mode = models.CharField("modo", max_length=20)
    at = models.DateTimeField("dal")

    class Meta:
        verbose_name = "installazione"
        verbose_name_plural = "installazioni"

    def __str__(self) -> str:
        return self.mode
