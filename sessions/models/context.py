"""A context (contesto, applicazione): how long its ids last and what a new id does to the old ones. Data, not code."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from pharmacies.models import Pharmacy
from portal.database.claims import hold


class DatesToCome:
    """Whether this process knows of a context whose ids are not yet mandatory (sessions/gate/grace.py)."""

    known = False


dates_to_come = DatesToCome()
REQUIRED_BY_DEFAULT = ["userId", "identificativo", "cfUtente", "codRegione", "codAslAo", "codSsa", "contesto"]


def required_by_default() -> list[str]:
    return list(REQUIRED_BY_DEFAULT)


class ContextQuerySet(models.QuerySet["Context"]):
    def for_pharmacies(self) -> "ContextQuerySet":
        """The contexts that a pharmacy may choose, the usual one (dispensing SSN prescriptions) first; not those of doctors."""
        return self.exclude(applicazione="PRESCRITTORE").order_by("pk")

    def askable_by(self, pharmacy: Pharmacy) -> "ContextQuerySet":
        """The contexts of which this site may ask for an id: sessions/ids/askable.py asks the same for one context."""
        return self.filter(askable__type=pharmacy.type)

    @transaction.atomic
    def update(self, **values: Any) -> int:
        """As Django's, with the rows locked in the order of their keys; the gate of this process looks at a new date at once."""
        dates_to_come.known = dates_to_come.known or "mandatory_from" in values
        hold(self)
        return super().update(**values)

    @transaction.atomic
    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, together with the rows of AskableContext. Raises ProtectedError when an id names one of the contexts."""
        keys = list(self.order_by().values_list("pk", flat=True))
        list(Context.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
        AskableContext.objects.filter(context__in=keys).delete()
        return super().delete()

    def open_to_new(self) -> "ContextQuerySet":
        """The contexts of which somebody may still ask for an id."""
        return self.filter(closed_to_new=False)

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
    # The kind of prescription in two or three words, for cards and letters. Contexts with the same words are one kind for people.
    short_name = models.CharField("nome breve", max_length=40, blank=True, default="", db_default="")
    hours = models.PositiveSmallIntegerField("ore di validità", default=16)
    policy = models.CharField("regola", max_length=10, choices=Policy.choices, default=Policy.OVERLAP)
    # whether a pharmacy may choose that the portal asks for an id before it opens; never under policy replace
    before_opening = models.BooleanField("pronto all’apertura", default=False, db_default=False)

    # before this instant (UTC) the gate lets a call without a valid id pass with a warning; None: ids are mandatory
    mandatory_from = models.DateTimeField("obbligatorio dal", null=True, blank=True)

    # Its ids live on, nobody gets a new one: code 22 on create, and no page offers it.
    closed_to_new = models.BooleanField("chiuso ai nuovi ID", default=False, db_default=False)

    # whether the gate adds the signed assertion to its answer, and the means of authentication that it declares
    gives_assertion = models.BooleanField("asserzione firmata al gate", default=False, db_default=False)
    assertion_means = models.CharField(
        "mezzo dichiarato nell’asserzione", max_length=20, default="genericLoA3", db_default="genericLoA3"
    )

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

    @transaction.atomic
    def save(self, *args: Any, **options: Any) -> None:
        """As Django's. Pharmacies of every type may ask for ids of a new context, parafarmacie only once an operator says so."""
        is_new = self._state.adding
        dates_to_come.known = dates_to_come.known or self.mandatory_from is not None
        super().save(*args, **options)
        if is_new:
            types = [kind for kind in Pharmacy.Type if kind != Pharmacy.Type.PARAFARMACIA]
            AskableContext.objects.bulk_create(AskableContext(context=self, type=kind) for kind in types)

    @property
    def name(self) -> str:
        """The title, or the two codes when the row has none."""
        return self.title or str(self)

    def is_mandatory(self, now: datetime) -> bool:
        """Whether the gate refuses a call without a valid id."""
        return self.mandatory_from is None or self.mandatory_from <= now

    @property
    def is_white(self) -> bool:
        """Whether it is a context of the ricetta bianca: by its code, or by its name where an operator has written another code."""
        return "BIANCA" in f"{self.contesto} {self.title}".upper()

    @property
    def kind(self) -> str:
        """The kind of prescription as people call it: `Ricetta SSN`; the name when the row has no short one."""
        return self.short_name or self.name

    @property
    def kind_inside(self) -> str:
        """The kind inside a sentence: `ricetta SSN`. A word in capitals stays so."""
        kind = self.kind
        return kind if kind[1:2].isupper() else kind[:1].lower() + kind[1:]

    @property
    def usable_for(self) -> timedelta:
        return timedelta(hours=self.hours)

    @property
    def askable_types(self) -> list[Pharmacy.Type]:
        """The types of site that may ask for ids of this context, in the order of the register; reads `askable`."""
        return sorted(Pharmacy.Type(row.type) for row in self.askable.all())


class AskableContext(models.Model):
    """One type of site that may ask for ids of one context. Without a row it may not; ids that live already go on."""

    context = models.ForeignKey(Context, models.PROTECT, related_name="askable", verbose_name="contesto")
    type = models.PositiveSmallIntegerField("tipologia", choices=Pharmacy.Type.choices)

    class Meta:
        verbose_name = "contesto di una tipologia"
        verbose_name_plural = "contesti delle tipologie"
        constraints = [models.UniqueConstraint(fields=["context", "type"], name="context_once_for_a_type")]

    def __str__(self) -> str:
        return f"{self.context}, {self.get_type_display()}"
