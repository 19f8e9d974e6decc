"""How the servers of a recipient domain are doing: one that refuses or is slow rests, and its letters wait with it."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from portal.outbox import pauses

REFUSALS_IN_A_ROW = 3  # «later» from different letters: then it is the domain, not the mailbox
SHARE = 4  # a slow domain rests this many times as long as it took: a fifth of a worker's time at most


class MailDomainQuerySet(models.QuerySet["MailDomain"]):
    def resting(self, now: datetime) -> "MailDomainQuerySet":
        return self.filter(rests_until__gt=now)

    def failing(self, now: datetime) -> "MailDomainQuerySet":
        """Those that rest, and those that refused last time."""
        return self.filter(Q(rests_until__gt=now) | Q(refusals__gt=0))

    def refused(self, name: str, answer: str, now: datetime) -> datetime | None:
        """One more «later», or a conversation that broke. Returns until when the domain rests (UTC), if it must."""
        self.get_or_create(name=name)
        self.filter(name=name).update(refusals=F("refusals") + 1, refused_at=now, last_answer=answer)
        beyond = self.get(name=name).refusals - REFUSALS_IN_A_ROW
        return self._rest(name, now + pauses.jittered(pauses.growing(beyond + 1))) if beyond >= 0 else None

    def slow(self, name: str, took: timedelta, answer: str, now: datetime) -> datetime:
        """It made the others wait. Returns until when it rests (UTC)."""
        self.get_or_create(name=name)
        self.filter(name=name).update(refused_at=now, last_answer=answer)
        return self._rest(name, now + min(took * SHARE, pauses.LONGEST))

    def well(self, name: str) -> None:
        """It answered as it should: what was counted is forgotten."""
        self.filter(name=name).update(refusals=0, rests_until=None)

    def _rest(self, name: str, until: datetime) -> datetime:
        self.filter(name=name).update(rests_until=until)
        return until


class MailDomain(models.Model):
    """A recipient domain that gave trouble once. One that never did has no row."""

    name = models.CharField("dominio", max_length=253, unique=True)
    refusals = models.PositiveSmallIntegerField("rifiuti di seguito", default=0)
    refused_at = models.DateTimeField("ultimo rifiuto", null=True)
    rests_until = models.DateTimeField("fermo fino alle", null=True)
    last_answer = models.CharField("ultima risposta", max_length=300, blank=True)

    objects = MailDomainQuerySet.as_manager()

    class Meta:
        verbose_name = "dominio di posta"
        verbose_name_plural = "domini di posta"

    def __str__(self) -> str:
        return self.name
