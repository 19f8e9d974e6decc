"""The nightly refresh of a register: when its next try is due, who does it, what the last one did."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from pharmacies.models.pharmacy import NationalRegister


class NightOutcome(models.TextChoices):
    """The result of one try. The counts of its import are in RegisterImport."""

    IMPORTED = "imported", "letto un file nuovo"
    UNCHANGED = "unchanged", "nessun file nuovo"
    OLDER = "older", "solo file più vecchi"
    BUSY = "busy", "un’altra lettura in corso"
    NOT_WHOLE = "not_whole", "file non intero"
    REFUSED = "refused", "rifiutato dal sito"
    NOT_REACHED = "not_reached", "sito non raggiunto"
    NO_FILE = "no_file", "nessun file nella pagina"
    NOT_READ = "not_read", "file non leggibile"
    FAILED = "failed", "guasto del portale"


class RegisterSourceQuerySet(models.QuerySet["RegisterSource"]):
    def free(self, now: datetime) -> "RegisterSourceQuerySet":
        """Registers that no worker is refreshing."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=now))

    def due(self, now: datetime) -> "RegisterSourceQuerySet":
        """Registers whose next try is due and that no worker is refreshing, the most overdue one first."""
        return self.free(now).filter(next_check_at__lte=now).order_by("next_check_at", "pk")


class RegisterSource(models.Model):
    """One row for each register that the portal finds by itself. The address is a setting; this row holds the facts of the tries."""

    WENT_WELL: ClassVar[frozenset[str]] = frozenset({NightOutcome.IMPORTED, NightOutcome.UNCHANGED, NightOutcome.OLDER})

    register = models.CharField("registro", max_length=12, choices=NationalRegister.choices, unique=True)
    next_check_at = models.DateTimeField("prossima lettura")
    # a worker, or a command, refreshes this register until then
    leased_until = models.DateTimeField("occupato fino a", null=True, blank=True)

    # the file that arrived last, whole or not; its validators are kept only when it was whole
    file = models.CharField("file", max_length=80, blank=True)
    digest = models.CharField("SHA-256", max_length=64, blank=True)
    file_url = models.CharField("indirizzo del file", max_length=500, blank=True)
    etag = models.CharField("ETag", max_length=200, blank=True)
    last_modified = models.CharField("Last-Modified", max_length=60, blank=True)

    # the last try
    checked_at = models.DateTimeField("ultima lettura", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("tentativi di questa notte", default=0)
    outcome = models.CharField("esito", max_length=12, choices=NightOutcome.choices, blank=True)
    flaw = models.CharField("perché non è intero", max_length=20, blank=True)  # a key of completeness.FLAWS
    status = models.PositiveSmallIntegerField("risposta del sito", null=True, blank=True)  # HTTP
    detail = models.CharField(
        "dettaglio", max_length=300, blank=True
    )  # an English sentence, for operators of the machine
    failing_since = models.DateTimeField("non riesce dal", null=True, blank=True)

    objects = RegisterSourceQuerySet.as_manager()

    class Meta:
        verbose_name = "lettura notturna del registro"
        verbose_name_plural = "letture notturne del registro"

    def __str__(self) -> str:
        return str(self.get_register_display())

    @property
    def went_well(self) -> bool:
        return self.outcome in self.WENT_WELL
