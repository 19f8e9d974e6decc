"""Append-only record of who did what, on what, when."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models

from portal.journal import words

PORTAL = "Portale"  # who did it, when nobody in person


class Entry(models.Model):
    """One line of the journal. Never changed, never deleted."""

    at = models.DateTimeField("quando")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="chi")
    actor_name = models.CharField(max_length=240)  # as it was then; PORTAL for the background work
    verb = models.CharField(
        "che cosa", max_length=60
    )  # e.g. "certification.certified": see VERBS in pharmacies and sessions
    about = models.CharField(max_length=40, blank=True)  # the code of the pharmacy, when it is about one
    subject = models.CharField(max_length=80, blank=True)  # "pharmacies.mailcertification:12"
    detail = models.JSONField(default=dict, blank=True)  # never an id, a code, a password, a whole address

    class Meta:
        verbose_name = "voce del registro attività"
        verbose_name_plural = "registro attività"
        indexes = [models.Index(fields=["about", "-at"], name="journal_of_pharmacy")]  # the timeline of a pharmacy

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.verb}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("The journal is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The journal is append-only.")

    @property
    def who(self) -> str:
        """Who did it, as the sentence begins."""
        return "Il portale" if self.actor_name == PORTAL else self.actor_name

    @property
    def sentence(self) -> str:
        """What was done, in Italian, to be read after the name of who did it."""
        return words.sentence(self.verb, self.detail)


def record(
    verb: str,
    *,
    now: datetime,
    actor: Any = None,
    about: str = "",
    subject: models.Model | None = None,
    **detail: Any,
) -> Entry:
    """Writes one line, in the transaction of the caller: an act and its line exist together or not at all."""
    return Entry.objects.create(
        at=now,
        actor=actor,
        actor_name=str(actor)[:240] if actor is not None else PORTAL,
        verb=verb,
        about=about,
        subject=f"{subject._meta.label_lower}:{subject.pk}" if subject is not None else "",
        detail=detail,
    )
