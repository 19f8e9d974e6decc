"""The offices: a person is titolare, direttore, delegate ... of a pharmacy in a period."""

from datetime import datetime
from types import MappingProxyType

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from pharmacies.models.pharmacy import Pharmacy
from portal.time.clock import ROME
from portal.values import codice_fiscale


class OfficeSource(models.TextChoices):
    """Where the office comes from. A file changes only what files brought (FILE)."""

    FILE = "file", "elenco dell’amministrazione"
    DESK = "desk", "operatore"
    REQUEST = "request", "richiesta della persona"
    DELEGATION = "delegation", "delega del titolare"


def under_a_holder(now: datetime, pharmacy: str = "pharmacy") -> Q:
    """The condition under which delegations, calendar and webhook work: a holder is in force, or left less than SUCCESSION_FOR ago.

    `pharmacy`: the path from the row to its pharmacy. Also true for a pharmacy that has had no holder so far.
    """
    holders = Office.objects.filter(pharmacy=OuterRef(pharmacy), role__in=MAY_CERTIFY, since__lte=now)
    left = Q(until=None) | Q(until__gt=now - settings.SUCCESSION_FOR)
    return Q(Exists(holders.filter(left)) | ~Exists(holders))


class OfficeQuerySet(models.QuerySet["Office"]):
    def held_by(self, fiscal_code: str, now: datetime) -> "OfficeQuerySet":
        """The offices that this person holds now in open pharmacies: the pharmacies that the person may act for."""
        day = now.astimezone(ROME).date()
        return (
            self.filter(codice_fiscale=fiscal_code)
            .in_force(now)
            .filter(pharmacy__in=Pharmacy.objects.open_on(day))
            .select_related("pharmacy")
            .order_by("pharmacy__name", "pharmacy__code")
        )

    def in_force(self, now: datetime) -> "OfficeQuerySet":
        """The offices in force at `now` (UTC); a delegation also needs a holder, or one who left less than SUCCESSION_FOR ago."""
        return self.within_dates(now).filter(~Q(role=Office.Role.DELEGATE) | under_a_holder(now))

    def within_dates(self, now: datetime) -> "OfficeQuerySet":
        return self.filter(Q(until=None) | Q(until__gt=now), since__lte=now)

    def conflicting(self) -> "OfficeQuerySet":
        """Written by a person, and the last file says otherwise; leaves out the rows that an operator decided to keep."""
        return self.filter(file_says__isnull=False).exclude(file_says__has_key="kept")

    def ending_to_confirm(self) -> "OfficeQuerySet":
        """The offices whose end in a file waits for an operator's approval."""
        return self.filter(ending_waits__isnull=False).order_by("pk")

    def certifying(self) -> "OfficeQuerySet":
        """The offices that may certify the address (MAY_CERTIFY)."""
        return self.filter(role__in=MAY_CERTIFY)


class Office(models.Model):
    """A person's role in a pharmacy. A person may have none, one or many; a pharmacy too. Rows are closed, never deleted."""

    class Role(models.TextChoices):
        TITOLARE = "titolare", "titolare"
        LEGALE_RAPPRESENTANTE = "legale_rappresentante", "legale rappresentante"
        DIRETTORE = "direttore", "direttore"
        GESTORE_PROVVISORIO = "gestore_provvisorio", "gestore provvisorio"
        DELEGATE = "delegate", "delegato"

    pharmacy = models.ForeignKey(Pharmacy, models.PROTECT, related_name="offices", verbose_name="farmacia")
    codice_fiscale = models.CharField(
        "codice fiscale", max_length=16, db_index=True, validators=[codice_fiscale.validate]
    )
    # as the source writes the names; the account of a person holds the names from the identity provider
    family_name = models.CharField("cognome", max_length=120, blank=True, db_default="")
    given_name = models.CharField("nome", max_length=120, blank=True, db_default="")
    role = models.CharField("ruolo", max_length=24, choices=Role.choices)
    since = models.DateTimeField("dal")
    until = models.DateTimeField("fino al", null=True, blank=True)
    source = models.CharField(
        "fonte", max_length=12, choices=OfficeSource.choices, default=OfficeSource.DESK, db_default="desk"
    )
    # the operator or the holder who wrote it; None: a file
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="scritto da"
    )
    written_at = models.DateTimeField("scritto il", null=True, blank=True)
    because = models.CharField("motivo", max_length=200, blank=True, db_default="")
    protocol = models.CharField("protocollo", max_length=60, blank=True, db_default="")
    # of a delegate: the holder who last decided that it goes on after a change of holder (people/handover.py)
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="tenuto da"
    )
    kept_at = models.DateTimeField("tenuto il", null=True)
    # of a delegate: see and request ids; hours and reminders. Nobody can delegate the certification
    may_use_ids = models.BooleanField("ID-SESSIONE", default=True, db_default=True)
    may_set_hours = models.BooleanField("orari e promemoria", default=False, db_default=False)
    # the day of the first whole file that lacked the row; files only: the last day of an end that waits for an operator's approval
    absent_since = models.DateField("manca dal", null=True, blank=True)
    ending_waits = models.DateField("fine da confermare", null=True, blank=True)
    # what the last file says where it differs from what a person wrote: {"role", "since", "until"} (days; `until` is the last
    # one), {} when it lacks the row; with "kept" once an operator decided against the file
    file_says = models.JSONField("l’elenco dice", null=True, blank=True)
    doubts = models.JSONField("dati dubbi", null=True, blank=True)  # keys of office_rows.DOUBTS; None: no doubt

    objects = OfficeQuerySet.as_manager()

    class Meta:
        verbose_name = "incarico"
        verbose_name_plural = "incarichi"
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="office_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["pharmacy", "codice_fiscale", "role"], condition=Q(until=None), name="office_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} di {self.pharmacy}"

    @property
    def may_certify(self) -> bool:
        """True for the roles of MAY_CERTIFY, which certify, change or revoke the address; a delegate uses the ID-SESSIONE pages."""
        return self.role in MAY_CERTIFY

    @property
    def allows_ids(self) -> bool:
        """True when the person may see and request ids: every holder, and a delegate if the delegation includes them."""
        return self.may_certify or self.may_use_ids

    @property
    def allows_hours(self) -> bool:
        """True when the person may set hours and reminders: every holder, and a delegate if the delegation includes them."""
        return self.may_certify or self.may_set_hours

    @property
    def in_words(self) -> str:
        """Returns the role, and for a delegate what the delegation includes: `delegato (ID SESSIONE, orari e promemoria)`."""
        role = self.get_role_display()
        return role if self.may_certify else f"{role} ({self.included})"

    @property
    def included(self) -> str:
        """Returns what a delegation includes, as words of a sentence."""
        if self.may_use_ids and self.may_set_hours:
            return _("ID SESSIONE, orari e promemoria")
        if self.may_use_ids:
            return _("ID SESSIONE")
        return _("orari e promemoria") if self.may_set_hours else _("sola consultazione")

    @property
    def name(self) -> str:
        """Given name and family name as the source writes them; "" when it does not."""
        return f"{self.given_name} {self.family_name}".strip()


# The roles that may certify the address, each with its reason. The decree names titolare and direttore; the other two stand in
# the titolare's place by law.
MAY_CERTIFY = MappingProxyType(
    {
        Office.Role.TITOLARE: "holds the authorisation of the pharmacy (DM 8 June 2023)",
        Office.Role.LEGALE_RAPPRESENTANTE: "acts for the company that is titolare (L. 362/1991, art. 7)",
        Office.Role.DIRETTORE: "answers for the pharmacy's work (DM 8 June 2023; L. 362/1991, art. 7)",
        Office.Role.GESTORE_PROVVISORIO: "runs the pharmacy after a death or a forfeiture (RD 1265/1934, art. 129)",
    }
)
