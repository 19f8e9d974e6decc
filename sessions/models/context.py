"""A context (contesto, applicazione): how long its ids last and what a new id does to the old ones. Data, not code."""

from datetime import timedelta

from django.db import models

REQUIRED_BY_DEFAULT = ["userId", "identificativo", "cfUtente", "codRegione", "codAslAo", "codSsa", "contesto"]


def required_by_default() -> list[str]:
    return list(REQUIRED_BY_DEFAULT)


class ContextQuerySet(models.QuerySet["Context"]):
    def for_pharmacies(self) -> "ContextQuerySet":
        """The contexts that a pharmacy may choose, the usual one (dispensing SSN prescriptions) first; not those of doctors."""
        return self.exclude(applicazione="PRESCRITTORE").order_by("pk")

    def usual(self) -> "Context":
        """RICETTA-DEM EROGATORE, the default for a pharmacy. Raises Context.DoesNotExist."""
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

    # for the web service: the mandatory fields (the three codes on create only), and the accepted kind of identificativo
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
