"""The account of the pharmacy's management software (the gestionale) on the A2F web service."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, is_password_usable, make_password
from django.db import models
from django.utils.functional import cached_property

from pharmacies.models.pharmacy import Pharmacy
from portal.database.composed import Composed
from portal.secrets import hashing

if TYPE_CHECKING:
    from portal.identity.models import User


Secret: TypeAlias = Literal["password", "pincode"]
_HELD = Composed(lambda pk: Utenza.objects.select_for_update(no_key=True).filter(pk=pk).only("pk"))


class UtenzaQuerySet(models.QuerySet["Utenza"]):
    def usable(self) -> "UtenzaQuerySet":
        return self.filter(disabled_at=None, blocked_at=None)

    def with_secrets(self) -> "UtenzaQuerySet":
        """As Utenza.has_secrets: without those whose secrets an operator has taken away."""
        unusable = {f"{secret}__startswith": UNUSABLE_PASSWORD_PREFIX for secret in ("password", "pincode")}
        return self.exclude(**unusable)

    def hold(self, pk: int) -> None:
        """Locks the utenza until the transaction ends; the first use of an id takes this lock first."""
        _HELD.first(pk)

    def blocked_by_anomaly(self) -> "UtenzaQuerySet":
        """The utenze that the portal blocked because of an anomaly, newest block first."""
        found = self.filter(blocked_at__isnull=False, blocked_by=None, pharmacy__isnull=False)
        return found.select_related("pharmacy").defer("password", "pincode").order_by("-blocked_at", "pk")


class Utenza(models.Model):
    """UserId, password and pincode of a gestionale. Both secrets are stored as slow hashes (Argon2id) only.

    An imported utenza keeps the hashes of the former system until each secret is used for the first time.
    """

    pharmacy = models.ForeignKey(
        Pharmacy, models.PROTECT, null=True, blank=True, related_name="utenze", verbose_name="farmacia"
    )
    user_id = models.CharField("userId", max_length=16, unique=True)
    password = models.CharField(max_length=255)
    pincode = models.CharField(max_length=255)
    codice_fiscale = models.CharField("codice fiscale", max_length=16)
    codice_regione = models.CharField("codice regione", max_length=3)
    codice_asl = models.CharField("codice ASL/AO", max_length=3)
    codice_ssa = models.CharField("codice SSA", max_length=6)
    created_at = models.DateTimeField("creata il")
    password_changed_at = models.DateTimeField("password cambiata il")
    disabled_at = models.DateTimeField("disabilitata il", null=True, blank=True)  # by the titolare
    blocked_at = models.DateTimeField("bloccata il", null=True, blank=True)  # by staff or because of an anomaly
    # None while `blocked_at` is set: the portal blocked it because of an anomaly
    blocked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    blocked_because = models.CharField("motivo del blocco", max_length=200, blank=True)
    unblocked_at = models.DateTimeField("sbloccata il", null=True, blank=True)  # anomalies count from this instant

    imported_at = models.DateTimeField("importata il", null=True, blank=True)  # by import_utenze, with its secrets
    supplier = models.CharField("fornitore", max_length=80, blank=True, db_default="")  # of the gestionale, free text
    # an operator asked for new secrets; the portal makes them when the titolare collects them on the pharmacy's page
    secrets_wait_since = models.DateTimeField("credenziali da ritirare dal", null=True, blank=True)

    objects = UtenzaQuerySet.as_manager()

    class Meta:
        verbose_name = "utenza"
        verbose_name_plural = "utenze"
        ordering = ["user_id"]
        # the territory of an ASL (in_asl): with the pharmacy in it, no row of the table is read
        indexes = [
            models.Index(
                fields=["codice_regione", "codice_asl", "pharmacy"],
                condition=models.Q(disabled_at=None),
                name="utenze_in_use_of_asl",
            )
        ]

    def __str__(self) -> str:
        return self.user_id

    @property
    def is_usable(self) -> bool:
        return self.disabled_at is None and self.blocked_at is None

    @property
    def has_secrets(self) -> bool:
        """False while an operator has taken both away and the titolare has not collected new ones."""
        return is_password_usable(self.password) or is_password_usable(self.pincode)

    @property
    def is_blocked_by_anomaly(self) -> bool:
        return self.blocked_at is not None and self.blocked_by_id is None

    def set_password(self, plain: str, now: datetime) -> None:
        """Hashes and sets the password; does not save."""
        self.password = make_password(plain)
        self.password_changed_at = now

    def set_pincode(self, plain: str) -> None:
        """Hashes and sets the pincode; does not save."""
        self.pincode = make_password(plain)

    def block(self, by: "User | None", because: str, now: datetime) -> None:
        """Blocks the utenza for staff, or because of an anomaly when `by` is None. Saves."""
        self.blocked_at, self.blocked_by, self.blocked_because = now, by, because
        self.save(update_fields=["blocked_at", "blocked_by", "blocked_because"])

    def unblock(self, now: datetime) -> None:
        """Removes the block; addresses seen before `now` no longer count towards an anomaly. Saves."""
        self.blocked_at, self.blocked_by, self.blocked_because, self.unblocked_at = None, None, "", now
        self.save(update_fields=["blocked_at", "blocked_by", "blocked_because", "unblocked_at"])

    def disable(self, now: datetime) -> None:
        """Disables the utenza at the request of the titolare. Saves."""
        self.disabled_at = now
        self.save(update_fields=["disabled_at"])

    def enable(self) -> None:
        """Enables the utenza again; a block stays. Saves."""
        self.disabled_at = None
        self.save(update_fields=["disabled_at"])

    def check_password(self, plain: str) -> bool:
        return self._check(plain, "password")

    def check_pincode(self, plain: str) -> bool:
        return self._check(plain, "pincode")

    def _check(self, plain: str, secret: Secret) -> bool:
        stored: str = getattr(self, secret)
        checked = hashing.check(plain, stored)
        if checked.renewed:
            self._renewals[secret] = (stored, checked.renewed)
        return checked.is_right

    @cached_property
    def _renewals(self) -> "dict[Secret, tuple[str, str]]":
        return {}

    def settle(self, secret: Secret, plain: str) -> bool:
        """Stores the project's own hash in place of an imported one that `plain` has just matched; nothing else to do otherwise.

        False when the secret is no longer this one. Compares and sets in one statement, so it needs no lock: of two first
        uses at once the second finds the first one's hash, reads it and checks again, and a secret that was changed meanwhile
        stays changed. The caller must not be inside a transaction: it would hold the row.
        """
        if secret not in self._renewals:
            return True
        imported, own = self._renewals.pop(secret)
        row = Utenza.objects.filter(pk=self.pk)
        if row.filter(**{secret: imported}).update(**{secret: own}):
            setattr(self, secret, own)
            return True
        setattr(self, secret, row.values_list(secret, flat=True).get())
        is_right = self._check(plain, secret)
        self._renewals.pop(secret, None)  # another imported hash, of a newer file: the next use renews it
        return is_right
