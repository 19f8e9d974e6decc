"""The offices: a person is titolare, direttore or delegate of a pharmacy in a period."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from pharmacies.models.pharmacy import Pharmacy
from portal.time.clock import ROME
from portal.values import codice_fiscale


class OfficeQuerySet(models.QuerySet["Office"]):
    def held_by(self, fiscal_code: str, now: datetime) -> "OfficeQuerySet":
        """The offices that this person holds now in open pharmacies: the pharmacies that the person may act for."""
        day = now.astimezone(ROME).date()
        return (
            self.filter(codice_fiscale=fiscal_code, since__lte=now)
            .filter(Q(until=None) | Q(until__gt=now))
            .filter(pharmacy__in=Pharmacy.objects.open_on(day))
            .select_related("pharmacy")
            .order_by("pharmacy__name", "pharmacy__code")
        )


class Office(models.Model):
    """A person's role in a pharmacy. A person may have none, one or many; a pharmacy too."""

    class Role(models.TextChoices):
        TITOLARE = "titolare", "titolare"
        DIRETTORE = "direttore", "direttore"
        DELEGATE = "delegate", "delegato"

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="offices", verbose_name="farmacia")
    codice_fiscale = models.CharField(
        "codice fiscale", max_length=16, db_index=True, validators=[codice_fiscale.validate]
    )
    role = models.CharField("ruolo", max_length=10, choices=Role.choices)
    since = models.DateTimeField("dal")
    until = models.DateTimeField("fino al", null=True, blank=True)

    objects = OfficeQuerySet.as_manager()

    class Meta:
        verbose_name = "incarico"
        verbose_name_plural = "incarichi"
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="office_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["pharmacy", "codice_fiscale", "role"], condition=Q(until=None), name="office_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} di {self.pharmacy}"

    @property
    def may_certify(self) -> bool:
        """True for titolare and direttore, who certify, change or revoke the address; a delegate uses the ID-SESSIONE pages."""
        return self.role in (self.Role.TITOLARE, self.Role.DIRETTORE)
