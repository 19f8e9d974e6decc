"""The account of the pharmacy's management software (the gestionale) on the A2F web service."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import models

from pharmacies.models.pharmacy import Pharmacy
from portal.database.composed import Composed

if TYPE_CHECKING:
    from portal.identity.models import User


_HELD = Composed(lambda pk: Utenza.objects.select_for_update(no_key=True).filter(pk=pk).only("pk"))


class UtenzaQuerySet(models.QuerySet["Utenza"]):
    def usable(self) -> "UtenzaQuerySet":
        return self.filter(disabled_at=None, blocked_at=None)

    def hold(self, pk: int) -> None:
        """This one is the caller's until the transaction ends: every first use of an id begins with it."""
        _HELD.first(pk)

    def blocked_by_anomaly(self) -> "UtenzaQuerySet":
        """Those that the portal closed by itself and nobody has looked at yet, the newest first."""
        found = self.filter(blocked_at__isnull=False, blocked_by=None, pharmacy__isnull=False)
        return found.select_related("pharmacy").defer("password", "pincode").order_by("-blocked_at", "pk")


class Utenza(models.Model):
    """UserId, password and pincode of a gestionale. Both secrets are slow-hashed (Argon2id) and shown to nobody."""

    pharmacy = models.ForeignKey(
        Pharmacy, models.PROTECT, null=True, blank=True, related_name="utenze", verbose_name="farmacia"
    )
    user_id = models.CharField("userId", max_length=16, unique=True)
    password = models.CharField(max_length=128)
    pincode = models.CharField(max_length=128)
    codice_fiscale = models.CharField("codice fiscale", max_length=16)
    codice_regione = models.CharField("codice regione", max_length=3)
    codice_asl = models.CharField("codice ASL/AO", max_length=3)
    codice_ssa = models.CharField("codice SSA", max_length=6)
    created_at = models.DateTimeField("creata il")
    password_changed_at = models.DateTimeField("password cambiata il")
    disabled_at = models.DateTimeField("disabilitata il", null=True, blank=True)  # by the titolare
    blocked_at = models.DateTimeField("bloccata il", null=True, blank=True)  # by staff or by an anomaly
    blocked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )  # None while blocked: an anomaly
    blocked_because = models.CharField("motivo del blocco", max_length=200, blank=True)
    unblocked_at = models.DateTimeField("sbloccata il", null=True, blank=True)  # anomalies are counted from here

    objects = UtenzaQuerySet.as_manager()

    class Meta:
        verbose_name = "utenza"
        verbose_name_plural = "utenze"
        ordering = ["user_id"]

    def __str__(self) -> str:
        return self.user_id

    @property
    def is_usable(self) -> bool:
        return self.disabled_at is None and self.blocked_at is None

    @property
    def is_blocked_by_anomaly(self) -> bool:
        return self.blocked_at is not None and self.blocked_by_id is None

    def set_password(self, plain: str, now: datetime) -> None:
        """Hashes and keeps the password (does not save)."""
        self.password = make_password(plain)
        self.password_changed_at = now

    def set_pincode(self, plain: str) -> None:
        """Hashes and keeps the pincode (does not save)."""
        self.pincode = make_password(plain)

    def block(self, by: "User | None", because: str, now: datetime) -> None:
        """Closed from outside: by staff, or by an anomaly when `by` is None. Saves."""
        self.blocked_at, self.blocked_by, self.blocked_because = now, by, because
        self.save(update_fields=["blocked_at", "blocked_by", "blocked_because"])

    def unblock(self, now: datetime) -> None:
        """Saves. The addresses seen so far today no longer count as an anomaly."""
        self.blocked_at, self.blocked_by, self.blocked_because, self.unblocked_at = None, None, "", now
        self.save(update_fields=["blocked_at", "blocked_by", "blocked_because", "unblocked_at"])

    def disable(self, now: datetime) -> None:
        """Closed by the pharmacy itself. Saves."""
        self.disabled_at = now
        self.save(update_fields=["disabled_at"])

    def enable(self) -> None:
        """Open again, unless it is blocked. Saves."""
        self.disabled_at = None
        self.save(update_fields=["disabled_at"])

    def check_password(self, plain: str) -> bool:
        return check_password(plain, self.password)

    def check_pincode(self, plain: str) -> bool:
        return check_password(plain, self.pincode)
