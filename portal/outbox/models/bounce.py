"""Reports that came back about letters: facts only. What they mean for an address is decided by who certified it."""

from django.db import models

from portal.outbox.letter_outcome import reason
from portal.outbox.models.letter import OutgoingMail
from portal.outbox.reasons import Reason, read


class Bounce(models.Model):
    """One report about one letter. The same thing said twice is one fact."""

    class Action(models.TextChoices):  # RFC 3464, 2.3.3; the others are good news
        FAILED = "failed", "non consegnato"
        DELAYED = "delayed", "in ritardo"

    letter = models.ForeignKey(OutgoingMail, models.PROTECT, related_name="bounces", verbose_name="messaggio")
    at = models.DateTimeField("ricevuto")
    action = models.CharField("esito", max_length=10, choices=Action.choices)
    status = models.CharField("codice", max_length=12)  # RFC 3463
    answer = models.CharField("risposta", max_length=300)  # addresses and codes masked
    # read from the whole answer, of which `answer` is a part; blank: written down by an older version
    reason = models.CharField("motivo", max_length=12, choices=Reason.choices, blank=True, default="", db_default="")
    is_explicit = models.BooleanField(
        default=False, db_default=False
    )  # the reason stood in words, not in a number alone
    about_recipient = models.BooleanField(
        default=True
    )  # False: the mailbox forwarded the letter, and that copy came back
    report = models.CharField(max_length=64, unique=True)  # SHA-256 of its bytes: a replayed one is refused

    class Meta:
        verbose_name = "rimbalzo"
        verbose_name_plural = "rimbalzi"
        constraints = [
            models.UniqueConstraint(fields=["letter", "action", "status", "about_recipient"], name="bounce_said_once"),
        ]
        indexes = [models.Index(fields=["-at"], name="bounce_newest")]  # `manage.py outbox`: those of the last day

    def __str__(self) -> str:
        return f"{self.action} {self.status}"

    @property
    def is_hard(self) -> bool:
        """The mailbox does not exist, or was closed: not too full, not the taste of a filter, not about us."""
        return (
            self.action == self.Action.FAILED
            and self.about_recipient
            and (self.reason or read(self.answer).reason) == Reason.DEAD
        )

    @property
    def words(self) -> str:
        """Why, in plain Italian words."""
        return reason(self.answer, self.reason) or self.get_action_display()
