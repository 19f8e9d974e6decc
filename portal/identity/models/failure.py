"""Failed attempts of the last 15 minutes, for the rate limits; each door counts its own."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from portal.secrets.codes import keyed_hash


class PasswordFailureQuerySet(models.QuerySet["PasswordFailure"]):
    def of_door(self, door: str) -> "PasswordFailureQuerySet":
        """The failures at this door only. Raises ValueError for an empty name."""
        return self.filter(door=_named(door))

    def recent(self, now: datetime) -> "PasswordFailureQuerySet":
        return self.filter(at__gt=now - PasswordFailure.WINDOW)

    def end_of_lock(self, limit: int) -> datetime | None:
        """The end (UTC) of the lock that `limit` failures in the window cause; None when there are fewer."""
        oldest = self.order_by("-at", "-pk").values_list("at", flat=True)[limit - 1 : limit].first()
        return oldest + PasswordFailure.WINDOW if oldest else None

    def forgettable(self, now: datetime) -> "PasswordFailureQuerySet":
        return self.exclude(at__gt=now - PasswordFailure.WINDOW)


class PasswordFailure(models.Model):
    """One failed attempt: a wrong password or pincode (staff: also one still being checked), or a refused identity (door
    "login", no username). Each door sets its own limit.

    Username and address are stored as keyed hashes only: people type passwords into the wrong field, and an address is
    personal data. The door is a column and part of each hash, so counts never mix. An unknown value is NULL, which equals
    nothing; an empty text is refused, because all unknown values would share one key.
    """

    WINDOW = timedelta(minutes=15)

    door = models.CharField(max_length=40, default="", db_default="")  # "": row of an older release, in no count
    username_hash = models.CharField(max_length=64, null=True)  # NULL: no username was given
    address_hash = models.CharField(max_length=64, null=True)  # NULL: unknown, or not counted at this door
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
        constraints = [
            # rows without a door are never counted, so they may hold empty names
            models.CheckConstraint(
                condition=Q(door="") | (~Q(username_hash="") & ~Q(address_hash="")), name="failure_names_are_not_empty"
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def hash_of_username(door: str, username: str) -> str:
        """The keyed hash (hexadecimal). Raises ValueError when an argument is empty."""
        return keyed_hash(f"{_named(door)}-username", _named(username))

    @staticmethod
    def hash_of_address(door: str, address: str) -> str:
        """The keyed hash (hexadecimal). Raises ValueError when an argument is empty."""
        return keyed_hash(f"{_named(door)}-address", _named(address))

    @classmethod
    def hash_of_place(cls, door: str, place: str) -> str | None:
        """As hash_of_address(); None for an unknown place, which must not count as one shared place."""
        return cls.hash_of_address(door, place) if place else None


def _named(name: str) -> str:
    if not name:
        raise ValueError("An empty name is no key.")
    return name
