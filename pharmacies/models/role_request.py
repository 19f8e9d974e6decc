"""A person asks to be titolare, direttore … of a pharmacy; an operator approves or refuses. The state is computed from the facts."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from pharmacies.models.office import MAY_CERTIFY, Office
from pharmacies.models.pharmacy import PARAFARMACIA_PREFIX, Pharmacy, within
from portal.identity.models import User

KEPT_FOR = timedelta(days=730)  # a request without an approval, after its end


class RoleRequestQuerySet(models.QuerySet["RoleRequest"]):
    def open(self) -> "RoleRequestQuerySet":
        """Neither withdrawn nor decided."""
        return self.filter(withdrawn_at=None, decided_at=None)

    def visible_to(self, operator: User) -> "RoleRequestQuerySet":
        """The requests of the operator's territory. A code that no pharmacy has is in no territory but the whole nation."""
        return self.filter(within(operator.territory, "pharmacy__"))

    def forgettable(self, now: datetime) -> "RoleRequestQuerySet":
        """Withdrawn and refused requests of KEPT_FOR ago; an approved one explains its office and stays."""
        limit = now - KEPT_FOR
        return self.filter(Q(withdrawn_at__lte=limit) | Q(decided_at__lte=limit, office=None))


class RoleRequest(models.Model):
    """One request of one person for one pharmacy code, from the form to the outcome."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="role_requests", verbose_name="persona"
    )
    code = models.CharField("codice", max_length=10)  # as typed: it may be wrong
    pharmacy = models.ForeignKey(
        Pharmacy, models.PROTECT, null=True, related_name="role_requests", verbose_name="farmacia"
    )  # None: no pharmacy has that code
    role = models.CharField(
        "ruolo", max_length=24, choices=[(role.value, role.label) for role in Office.Role if role in MAY_CERTIFY]
    )
    since = models.DateField("dal")
    partita_iva = models.CharField("partita IVA", max_length=11)  # the operator compares it with the register's
    note = models.CharField("nota", max_length=200, blank=True)
    protocol = models.CharField("protocollo", max_length=60, blank=True)
    asked_at = models.DateTimeField("richiesta il")
    told_at = models.DateTimeField("scritta all’indirizzo il", null=True)  # the letter to the address in force
    withdrawn_at = models.DateTimeField("ritirata il", null=True)
    decided_at = models.DateTimeField("decisa il", null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="decisa da"
    )
    office = models.ForeignKey(Office, models.PROTECT, null=True, related_name="+")  # None: refused, or not decided
    because = models.CharField("motivo", max_length=200, blank=True)  # of the decision; the person reads it
    read_at = models.DateTimeField("letta il", null=True)  # the person read the outcome

    objects = RoleRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "richiesta di un ruolo"
        verbose_name_plural = "richieste di un ruolo"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "code"],
                condition=Q(withdrawn_at=None, decided_at=None),
                name="one_open_role_request_per_person_and_code",
            ),
        ]
        indexes = [
            # the desk: open requests, oldest first
            models.Index(
                fields=["asked_at"], condition=Q(withdrawn_at=None, decided_at=None), name="role_request_open"
            ),
        ]

    def __str__(self) -> str:
        return f"richiesta {self.pk} per {self.code}"

    @property
    def noun(self) -> str:
        """«farmacia» or «parafarmacia»; by the typed code when no site has it."""
        if self.pharmacy is not None:
            return self.pharmacy.noun
        return "parafarmacia" if self.code.upper().startswith(PARAFARMACIA_PREFIX) else "farmacia"

    @property
    def is_open(self) -> bool:
        return self.withdrawn_at is None and self.decided_at is None

    @property
    def is_approved(self) -> bool:
        return self.office_id is not None

    @property
    def is_refused(self) -> bool:
        return self.decided_at is not None and self.office_id is None

    @property
    def has_right_partita_iva(self) -> bool:
        """True when the typed partita IVA is the register's; only the desk may see it."""
        return self.pharmacy is not None and self.partita_iva == self.pharmacy.partita_iva.zfill(11)
