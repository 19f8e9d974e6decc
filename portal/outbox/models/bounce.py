"""Reports that came back about letters, as facts. The apps that use an address decide what a report means for it."""

from django.db import models

from portal.outbox.letter_outcome import reason
from portal.outbox.models.letter import OutgoingMail
from portal.outbox.reasons import Reason, read


class Bounce(models.Model):
    """One report about one letter. A second report with the same facts is not stored."""

    class Action(models.TextChoices):  # RFC 3464, 2.3.3; its other actions are no failures
        FAILED = "failed", "non consegnato"
        DELAYED = "delayed", "in ritardo"

    letter = models.ForeignKey(OutgoingMail, models.PROTECT, related_name="bounces", verbose_name="messaggio")
    at = models.DateTimeField("ricevuto")
    action = models.CharField("esito", max_length=10, choices=Action.choices)
    status = models.CharField("codice", max_length=12)  # RFC 3463
    answer = models.CharField("risposta", max_length=300)  # addresses and codes masked
    # read from the whole answer (`answer` may be cut); "" when an older version wrote the row
    reason = models.CharField("motivo", max_length=12, choices=Reason.choices, blank=True, default="", db_default="")
    # the reason came from words, not from a number alone
    is_explicit = models.BooleanField(default=False, db_default=False)
    # False: the mailbox forwarded the letter, and the copy came back
    about_recipient = models.BooleanField(default=True)
    report = models.CharField(max_length=64, unique=True)  # SHA-256 of the report's bytes: detects a replay

    class Meta:
        verbose_name = "rimbalzo"
        verbose_name_plural = "rimbalzi"
        constraints = [
            models.UniqueConstraint(fields=["letter", "action", "status", "about_recipient"], name="bounce_said_once"),
        ]
        indexes = [models.Index(fields=["-at"], name="bounce_newest")]  # `manage.py outbox`: reports of the last day

    def __str__(self) -> str:
        return f"{self.action} {self.status}"

    @property
    def is_hard(self) -> bool:
        """True when the mailbox does not exist or was closed; not for a full mailbox, a filter, or a fault of the portal."""
        return (
            self.action == self.Action.FAILED
            and self.about_recipient
            and (self.reason or read(self.answer).reason) == Reason.DEAD
        )

    @property
    def words(self) -> str:
        """The reason, in plain Italian words."""
        return reason(self.answer, self.reason) or self.get_action_display()
