"""Recovery codes and sessions of the staff."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction

from portal.database.claims import hold
from portal.identity.models.person import User
from portal.secrets.codes import keyed_hash, without_separators
from portal.secrets.sealing import seal, unseal
from portal.secrets.session_store import SessionStore

RECOVERY_CODES = 10
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without look-alike characters
LENGTH = 10  # 49 bits: cannot be guessed through the throttle
KEPT_FOR = timedelta(days=731)  # as long as the login records


class StaffRecoveryCodeQuerySet(models.QuerySet["StaffRecoveryCode"]):
    def forgettable(self, now: datetime) -> "StaffRecoveryCodeQuerySet":
        """Codes used more than KEPT_FOR ago; the journal has their use."""
        return self.filter(used_at__lte=now - KEPT_FOR)


class StaffRecoveryCode(models.Model):
    """A single-use second factor in place of the app. Stored as a keyed hash; shown once, when made."""

    user = models.ForeignKey(User, models.PROTECT, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = StaffRecoveryCodeQuerySet.as_manager()

    class Meta:
        verbose_name = "codice di recupero"
        verbose_name_plural = "codici di recupero"

    def __str__(self) -> str:
        return f"codice di recupero {self.pk}"

    @classmethod
    @transaction.atomic
    def renew(cls, user: User, now: datetime) -> list[str]:
        """Replaces the unused codes by ten new ones; returns them in clear, to be shown once."""
        cls.forget_unused(user)
        codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(RECOVERY_CODES)]
        StaffRecoveryCode.objects.bulk_create(
            StaffRecoveryCode(user=user, code_hash=_hash(user, code), made_at=now) for code in codes
        )
        return [f"{code[:5]}-{code[5:]}" for code in codes]

    @classmethod
    def forget_unused(cls, user: User) -> None:
        """Deletes the unused codes, in key order. Inside a transaction."""
        cls.objects.filter(pk__in=hold(cls.objects.filter(user=user, used_at=None))).delete()

    @classmethod
    def use(cls, user: User, typed: str, now: datetime) -> bool:
        """Marks the typed code as used; True once, also under concurrency."""
        unused = cls.objects.filter(user=user, code_hash=_hash(user, without_separators(typed).upper()), used_at=None)
        return bool(unused.update(used_at=now))


class StaffSessionQuerySet(models.QuerySet["StaffSession"]):
    def open(self, now: datetime) -> "StaffSessionQuerySet":
        return self.filter(
            closed_at=None, started_at__gt=now - settings.SESSION_LASTS_FOR, seen_at__gt=now - settings.SESSION_IDLE_FOR
        )

    @transaction.atomic
    def close(self, now: datetime) -> int:
        """Closes these sessions: the next request is anonymous. Returns how many were still open."""
        rows = list(self.filter(closed_at=None).select_for_update(no_key=True).order_by("pk"))
        for row in rows:
            SessionStore(unseal(row.sealed_key).decode()).delete()
        self.model.objects.filter(pk__in=[row.pk for row in rows]).update(closed_at=now)
        return len(rows)

    def forgettable(self, now: datetime) -> "StaffSessionQuerySet":
        return self.filter(started_at__lte=now - KEPT_FOR)


class StaffSession(models.Model):
    """One staff session in one browser. The session key is sealed: a copy of the table does not give access."""

    user = models.ForeignKey(User, models.PROTECT, related_name="staff_sessions")
    sealed_key = models.BinaryField()
    started_at = models.DateTimeField("iniziato il")
    seen_at = models.DateTimeField("usato l’ultima volta il")  # at most a minute old
    closed_at = models.DateTimeField("chiuso il", null=True)
    origin = models.CharField("da dove", max_length=45, blank=True)  # the network address
    browser = models.CharField("con che cosa", max_length=60, blank=True)

    objects = StaffSessionQuerySet.as_manager()

    class Meta:
        verbose_name = "collegamento di un operatore"
        verbose_name_plural = "collegamenti degli operatori"
        indexes = [models.Index(fields=["user", "-started_at"], name="session_of_staff")]  # the list, the reset

    def __str__(self) -> str:
        return f"collegamento {self.pk} di {self.user_id}"

    @classmethod
    def begin(cls, user: User, key: str, origin: str, browser: str, now: datetime) -> "StaffSession":
        return cls.objects.create(
            user=user, sealed_key=seal(key.encode()), started_at=now, seen_at=now, origin=origin, browser=browser
        )


def _hash(user: User, code: str) -> str:
    return keyed_hash("staff-recovery", f"{user.pk}:{code}")
