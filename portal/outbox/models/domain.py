"""The state of each recipient domain: a domain that refuses or is slow rests, and its letters wait."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Q

from portal.outbox.models.priority import Priority
from portal.time import pauses

REFUSALS_IN_A_ROW = 3  # a 4xx to this many different letters is about the domain, not about a mailbox
KEPT_FOR = timedelta(days=90)  # after the last refusal
COUNTED = 1000  # the count of refusals stops here; the rest reached its maximum long before
# After the last refusal codes and ids wait no longer than this: the first of them shows whether the domain accepts mail again.
PROBED_AFTER = pauses.FIRST
SHARE = 4  # a slow domain rests this many times as long as it took, so it takes a fifth of a worker's time at most


@dataclass(frozen=True)
class Rest:
    """Until when the letters of a domain wait (UTC)."""

    until: datetime
    probed_at: datetime  # for codes and ids

    def ends_for(self, priority: int) -> datetime:
        return self.probed_at if priority <= Priority.ID else self.until


class MailDomainQuerySet(models.QuerySet["MailDomain"]):
    def resting(self, now: datetime) -> "MailDomainQuerySet":
        return self.filter(rests_until__gt=now)

    def forgettable(self, now: datetime) -> "MailDomainQuerySet":
        """Domains without a refusal for KEPT_FOR; a domain that refuses again gets a new row."""
        return self.filter(refused_at__lte=now - KEPT_FOR).exclude(rests_until__gt=now)

    def failing(self, now: datetime) -> "MailDomainQuerySet":
        """Domains that rest, and domains whose last answer was a refusal."""
        return self.filter(Q(rests_until__gt=now) | Q(refusals__gt=0))

    @transaction.atomic
    def refused(self, name: str, answer: str, now: datetime, letter: int | None = None) -> Rest | None:
        """Counts one more 4xx, to the letter with this key; returns the rest of the domain, if it must rest.

        Until the domain rests, a letter counts once, however often it is retried: the cause may be its mailbox.
        """
        self.get_or_create(name=name)
        row = self.select_for_update(no_key=True).get(name=name)
        is_new = letter is None or letter not in row.refused_letters or row.refusals >= REFUSALS_IN_A_ROW
        if is_new:
            row.refusals = min(row.refusals + 1, COUNTED)
            row.refused_letters = (
                [*row.refused_letters, letter][-REFUSALS_IN_A_ROW:] if letter is not None else row.refused_letters
            )
        row.refused_at, row.last_answer = now, answer
        row.save(update_fields=["refusals", "refused_letters", "refused_at", "last_answer"])
        beyond = row.refusals - REFUSALS_IN_A_ROW
        return self._rest(name, now + pauses.jittered(pauses.growing(beyond + 1))) if beyond >= 0 else None

    def slow(self, name: str, took: timedelta, answer: str, now: datetime) -> Rest | None:
        """Rests a domain that was slow (`took`), and returns the rest."""
        self.get_or_create(name=name)
        self.filter(name=name).update(refused_at=now, last_answer=answer)
        return self._rest(name, now + min(took * SHARE, pauses.LONGEST))

    def well(self, name: str) -> None:
        """Clears the counts and the rest of a domain that accepted or answered in time."""
        self.filter(name=name).update(refusals=0, refused_letters=[], rests_until=None)

    def _rest(self, name: str, until: datetime) -> Rest | None:
        self.filter(name=name).update(rests_until=until)
        return self.get(name=name).rest


class MailDomain(models.Model):
    """A recipient domain that has refused letters or been slow; other domains have no row."""

    name = models.CharField("dominio", max_length=253, unique=True)
    refusals = models.PositiveSmallIntegerField("rifiuti di seguito", default=0)
    refused_letters = models.JSONField(default=list, db_default=[])  # keys of the letters refused in a row
    refused_at = models.DateTimeField("ultimo rifiuto", null=True)
    rests_until = models.DateTimeField("fermo fino alle", null=True)
    last_answer = models.CharField("ultima risposta", max_length=300, blank=True)

    objects = MailDomainQuerySet.as_manager()

    class Meta:
        verbose_name = "dominio di posta"
        verbose_name_plural = "domini di posta"

    def __str__(self) -> str:
        return self.name

    @property
    def rest(self) -> Rest | None:
        """The last rest, or None. A domain that is slow but does not refuse is not probed: a probe would delay other letters."""
        if self.rests_until is None:
            return None
        probed_at = self.rests_until
        if self.refused_at is not None and self.refusals >= REFUSALS_IN_A_ROW:
            probed_at = min(probed_at, self.refused_at + PROBED_AFTER)
        return Rest(self.rests_until, probed_at)
