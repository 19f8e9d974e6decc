"""Recovery codes of the staff."""

import secrets
from datetime import datetime, timedelta

from django.db import models, transaction

from portal.database.claims import hold
from portal.identity.models.person import User
from portal.secrets.codes import keyed_hash, without_separators

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


def _hash(user: User, code: str) -> str:
    return keyed_hash("staff-recovery", f"{user.pk}:{code}")
