"""The failed proofs of the last minutes, counted at each door by itself."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from portal.secrets.codes import keyed_hash


class PasswordFailureQuerySet(models.QuerySet["PasswordFailure"]):
    def of_door(self, door: str) -> "PasswordFailureQuerySet":
        """The failures at one door: no count reads those of another. Raises ValueError without a name."""
        return self.filter(door=_named(door))

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
    "login", no username). Each door says how many are too many.

    Username and place are kept only as keyed hashes: people type passwords in the wrong box, and an address is personal
    data. The door is a column and part of each hash: the failures at one door say nothing at another. What is not known is
    NULL, which equals nothing; an empty text is refused, because it would be one key for everybody.
    """

    WINDOW = timedelta(minutes=15)

    door = models.CharField(max_length=40, default="", db_default="")  # "": written by a release without the column
    username_hash = models.CharField(max_length=64, null=True)  # NULL: nobody was named
    address_hash = models.CharField(max_length=64, null=True)  # NULL: the proxy told no address, or it does not matter
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
            # a row without a door is in no count, whatever its names are
            models.CheckConstraint(
                condition=Q(door="") | (~Q(username_hash="") & ~Q(address_hash="")), name="failure_names_are_not_empty"
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def hash_of_username(door: str, username: str) -> str:
        """Raises ValueError when one of the two is empty."""
        return keyed_hash(f"{_named(door)}-username", _named(username))

    @staticmethod
    def hash_of_address(door: str, address: str) -> str:
        """Raises ValueError when one of the two is empty."""
        return keyed_hash(f"{_named(door)}-address", _named(address))

    @classmethod
    def hash_of_place(cls, door: str, place: str) -> str | None:
        """As hash_of_address(); None when the place is not known, because nobody can share an unknown place."""
        return cls.hash_of_address(door, place) if place else None


def _named(name: str) -> str:
    if not name:
        raise ValueError("An empty name is no key.")
    return name
