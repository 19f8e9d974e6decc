"""The journal, append-only: each line has the actor, the act, its object, the time and the network address."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef

from portal.journal import verbs
from portal.journal.retention import keep_until
from portal.secrets.chain import Chain, Link
from portal.web.client_address import here

_held: ContextVar[list["Entry"] | None] = ContextVar("lines_held", default=None)
PORTAL = "Portale"  # actor_name of an act without a person
FORGOTTEN_AT_A_TIME = 1000


class EntryQuerySet(models.QuerySet["Entry"]):
    """Refuses to change or delete lines; on PostgreSQL a trigger refuses it too, for SQL from elsewhere."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("The journal is append-only.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The journal is append-only.")

    def delete(self) -> NoReturn:
        raise TypeError("The journal is append-only.")

    def forgettable(self, now: datetime) -> "EntryQuerySet":
        """Sealed lines whose retention, stored on their link, is over."""
        return self.filter(Exists(EntryLink.objects.filter(row_id=OuterRef("pk"), keep_until__lte=now)))

    def forget(self, now: datetime) -> int:
        """Deletes the forgettable lines, a thousand at a time, and returns how many. Their links stay, so the chain verifies."""
        forgotten = 0
        while ids := list(self.forgettable(now).order_by("pk").values_list("pk", flat=True)[:FORGOTTEN_AT_A_TIME]):
            with transaction.atomic():
                _let_the_trigger_pass()
                super().filter(pk__in=ids)._raw_delete(using=self.db)
            forgotten += len(ids)
        return forgotten


class Entry(models.Model):
    """One line of the journal. Never changed; deleted only by forget(), when its retention is over."""

    at = models.DateTimeField("quando")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="chi", db_index=False
    )  # the index below begins with it
    actor_name = models.CharField(max_length=240)  # the name at that time; PORTAL for background work
    verb = models.CharField(
        "che cosa", max_length=60
    )  # e.g. "certification.certified": the words are in journal_verbs.py of each app
    about = models.CharField(max_length=40, blank=True)  # the code of the pharmacy; "" when it is about none
    subject = models.CharField(max_length=80, blank=True)  # "pharmacies.mailcertification:12"
    detail = models.JSONField(default=dict, blank=True)  # never an id, a code, a password, a whole address
    origin = models.CharField(
        "da dove", max_length=45, blank=True
    )  # the client's network address; "" for background work

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = "voce del registro attività"
        verbose_name_plural = "registro attività"
        indexes = [
            models.Index(fields=["about", "-at"], name="journal_of_pharmacy"),  # the timeline of a pharmacy
            models.Index(fields=["-at", "-id"], name="journal_by_time"),  # the search, newest first
            models.Index(fields=["actor", "-at", "-id"], name="journal_of_actor"),  # the search by name
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.verb}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("The journal is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The journal is append-only.")

    @property
    def who(self) -> str:
        """The actor, as the subject of `sentence`."""
        return "Il portale" if self.actor_name == PORTAL else self.actor_name

    @property
    def sentence(self) -> str:
        """The act, in Italian, as the predicate after the actor's name."""
        return verbs.sentence(self.verb, self.detail)


class EntryLink(Link):
    """The place of one line in the chain of the journal."""

    class Meta:
        verbose_name = "anello del registro attività"
        verbose_name_plural = "anelli del registro attività"


def _facts(entry: Entry) -> dict[str, Any]:
    fields = ("pk", "at", "actor_id", "actor_name", "verb", "about", "subject", "detail", "origin")
    return {name: getattr(entry, name) for name in fields}


CHAIN = Chain("journal", Entry, EntryLink, _facts, lambda entry: keep_until(entry.verb, entry.at))


def record(
    verb: str,
    *,
    now: datetime,
    actor: Any = None,
    about: str = "",
    subject: models.Model | None = None,
    **detail: Any,
) -> Entry:
    """Writes one line in the caller's transaction, so that an act and its line are committed together or not at all.

    Drops an empty `because` (the reason that a person gave) from the detail.
    """
    if not detail.get("because", True):
        del detail["because"]
    line = Entry(
        at=now,
        actor=actor,
        actor_name=str(actor)[:240] if actor is not None else PORTAL,
        verb=verb,
        about=about,
        subject=f"{subject._meta.label_lower}:{subject.pk}" if subject is not None else "",
        detail=detail,
        origin=here(),
    )
    held = _held.get()
    if held is None:
        line.save(force_insert=True)
    else:
        held.append(line)
    return line


@contextmanager
def lines_written_at_once() -> Iterator[None]:
    """Writes the lines recorded inside with few statements at the end; they have no key before. For an import of many rows."""
    lines: list[Entry] = []
    token = _held.set(lines)
    try:
        yield
    finally:
        _held.reset(token)
    Entry.objects.bulk_create(lines, batch_size=1000)


def _let_the_trigger_pass() -> None:
    """Lets the trigger of migration 0002 accept deletions in this transaction only."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select set_config('portal.forgetting', 'on', true)")
