"""(contesto, applicazione): how long an ID-SESSIONE lasts there and what a new one does to the old. Rows, not code."""

from datetime import timedelta

from django.db import models

REQUIRED_BY_DEFAULT = ["userId", "identificativo", "cfUtente", "codRegione", "codAslAo", "codSsa", "contesto"]


def required_by_default() -> list[str]:
    return list(REQUIRED_BY_DEFAULT)


class ContextQuerySet(models.QuerySet["Context"]):
    def for_pharmacies(self) -> "ContextQuerySet":
        """Those that a pharmacy chooses among, the usual one (who dispenses SSN prescriptions) first; doctors have their own."""
        return self.exclude(applicazione="PRESCRITTORE").order_by("pk")

    def usual(self) -> "Context":
        """RICETTA-DEM EROGATORE: what a pharmacy means when it says nothing. Raises Context.DoesNotExist."""
        return self.get(contesto="RICETTA-DEM", applicazione="EROGATORE")


class Context(models.Model):
    """Source: docs/contract.md, section 6."""

    class Policy(models.TextChoices):
        OVERLAP = "overlap", "il nuovo ID lascia valido quello in uso fino al primo utilizzo"
        REPLACE = "replace", "il nuovo ID annulla subito i precedenti"

    contesto = models.CharField(max_length=30)
    applicazione = models.CharField(max_length=30, blank=True)
    title = models.CharField("nome", max_length=80, blank=True)  # as a person calls it
    hours = models.PositiveSmallIntegerField("ore di validità", default=16)
    policy = models.CharField("regola", max_length=10, choices=Policy.choices, default=Policy.OVERLAP)

    # the web service: which fields must be there (the three codes on create only), which kind of identificativo is accepted
    required_fields = models.JSONField("campi obbligatori", default=required_by_default)
    allowed_tipo = models.CharField("tipo di identificativo ammesso", max_length=2, default="P")

    objects = ContextQuerySet.as_manager()

    class Meta:
        verbose_name = "contesto"
        verbose_name_plural = "contesti"
        constraints = [models.UniqueConstraint(fields=["contesto", "applicazione"], name="one_row_per_context")]

    def __str__(self) -> str:
        return f"{self.contesto} {self.applicazione}".strip()

    @property
    def name(self) -> str:
        """The title, or the two codes when the row has none."""
        return self.title or str(self)

    @property
    def usable_for(self) -> timedelta:
        return timedelta(hours=self.hours)
