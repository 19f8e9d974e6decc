"""The copies of a reminder: one letter for each mailbox of pharmacies/models/copy_mailbox.py."""

from django.db import models

from portal.outbox.models import OutgoingMail
from sessions.models.reminder import Reminder


class ReminderCopy(models.Model):
    """One reminder in one copy. Stays when the certified address changes: the mailbox gets no second copy."""

    reminder = models.ForeignKey(Reminder, models.PROTECT, related_name="copies")
    letter = models.ForeignKey(OutgoingMail, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "copia di un promemoria"
        verbose_name_plural = "copie dei promemoria"
        constraints = [models.UniqueConstraint(fields=["reminder", "letter"], name="reminder_once_in_a_copy")]

    def __str__(self) -> str:
        return f"copia del promemoria {self.reminder_id}"
