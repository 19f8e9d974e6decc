"""The wrong secrets of the last minutes, at every door that has one: who guesses waits."""

from datetime import datetime, timedelta

from django.db import models

from portal.codes import keyed_hash


class PasswordFailureQuerySet(models.QuerySet["PasswordFailure"]):
    def recent(self, now: datetime) -> "PasswordFailureQuerySet":
        return self.filter(at__gt=now - PasswordFailure.WINDOW)

    def end_of_lock(self, limit: int) -> datetime | None:
        """So many failures in the window lock until the oldest of them leaves it (UTC); None when there are fewer."""
        oldest = self.order_by("-at", "-pk").values_list("at", flat=True)[limit - 1 : limit].first()
        return oldest + PasswordFailure.WINDOW if oldest else None

    def forgettable(self, now: datetime) -> "PasswordFailureQuerySet":
        return self.exclude(at__gt=now - PasswordFailure.WINDOW)


class PasswordFailure(models.Model):
    """A password or pincode that was wrong, or (staff) that is being checked right now; an identity that was refused (door
    "login", no name). How many are too many, each door says.

    Who and where are kept only as keyed hashes: people type passwords in the wrong box, and an address is personal data.
    The door is part of the hash: the failures at one door say nothing at another.
    """

    WINDOW = timedelta(minutes=15)

    username_hash = models.CharField(max_length=64)
    address_hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    objects = PasswordFailureQuerySet.as_manager()

    class Meta:
        verbose_name = "password errata"
        verbose_name_plural = "password errate"
        indexes = [
            models.Index(fields=["username_hash", "-at"], name="failure_username"),  # the lock
            models.Index(fields=["address_hash", "-at"], name="failure_address"),  # the lock
            models.Index(fields=["at"], name="failure_at"),  # the purge
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def hash_of_username(door: str, username: str) -> str:
        return keyed_hash(f"{door}-username", username)

    @staticmethod
    def hash_of_address(door: str, address: str) -> str:
        return keyed_hash(f"{door}-address", address)
