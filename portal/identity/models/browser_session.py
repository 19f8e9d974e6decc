"""The sessions of a user, one row for each browser: what the person reads in the list and can close."""

from datetime import datetime, timedelta
from typing import Self, TypeVar

from django.conf import settings
from django.db import models, transaction

from portal.identity.models.person import User
from portal.secrets.sealing import seal, unseal
from portal.secrets.session_store import SessionStore

PEOPLE_KEPT_FOR = timedelta(days=92)  # to recognise a login of weeks ago; the login records stay for 24 months
STAFF_KEPT_FOR = timedelta(days=731)  # as long as the login records


Row = TypeVar("Row", bound="BrowserSession")


class BrowserSessionQuerySet(models.QuerySet[Row]):
    def open(self, now: datetime) -> Self:
        return self.filter(
            closed_at=None, started_at__gt=now - settings.SESSION_LASTS_FOR, seen_at__gt=now - settings.SESSION_IDLE_FOR
        )

    @transaction.atomic
    def close(self, now: datetime) -> int:
        """Closes these sessions: the next request is anonymous. Returns how many were still open."""
        rows = list(self.filter(closed_at=None).select_for_update(no_key=True).order_by("pk"))
        for row in rows:
            SessionStore(unseal(row.sealed_key).decode()).delete()
        self.model._default_manager.filter(pk__in=[row.pk for row in rows]).update(closed_at=now)
        return len(rows)

    def forgettable(self, now: datetime) -> Self:
        return self.filter(started_at__lte=now - self.model.KEPT_FOR)


class BrowserSession(models.Model):
    """One session in one browser. The session key is sealed: a copy of the table does not give access."""

    KEPT_FOR: timedelta

    sealed_key = models.BinaryField()
    started_at = models.DateTimeField("iniziato il")
    seen_at = models.DateTimeField("usato l’ultima volta il")  # at most a minute old
    closed_at = models.DateTimeField("chiuso il", null=True)
    origin = models.CharField("da dove", max_length=45, blank=True)  # the network address
    browser = models.CharField("con che cosa", max_length=60, blank=True)

    class Meta:
        abstract = True

    @classmethod
    def begin(cls, user: User, key: str, origin: str, browser: str, now: datetime, **facts: str) -> Self:
        return cls._default_manager.create(
            user=user,
            sealed_key=seal(key.encode()),
            started_at=now,
            seen_at=now,
            origin=origin,
            browser=browser,
            **facts,
        )


class StaffSession(BrowserSession):
    """A session of an operator."""

    KEPT_FOR = STAFF_KEPT_FOR

    user = models.ForeignKey(User, models.PROTECT, related_name="staff_sessions")

    objects = BrowserSessionQuerySet["StaffSession"].as_manager()

    class Meta:
        verbose_name = "collegamento di un operatore"
        verbose_name_plural = "collegamenti degli operatori"
        indexes = [models.Index(fields=["user", "-started_at"], name="session_of_staff")]  # the list, the reset

    def __str__(self) -> str:
        return f"collegamento {self.pk} di {self.user_id}"


class PersonSession(BrowserSession):
    """A session of a person who came in with a digital identity. `origin` is the shortened network address."""

    KEPT_FOR = PEOPLE_KEPT_FOR

    user = models.ForeignKey(User, models.PROTECT, related_name="person_sessions")
    means = models.CharField("con quale identità", max_length=60, blank=True)  # `SPID livello 2`
    told_at = models.DateTimeField("avvisati il", null=True)  # a letter told the pharmacies of this login

    objects = BrowserSessionQuerySet["PersonSession"].as_manager()

    class Meta:
        verbose_name = "collegamento di una persona"
        verbose_name_plural = "collegamenti delle persone"
        indexes = [
            models.Index(fields=["user", "-started_at"], name="session_of_person"),
            models.Index(fields=["started_at"], name="person_session_age"),  # the purge
        ]

    def __str__(self) -> str:
        return f"collegamento {self.pk} di {self.user_id}"
