"""The demonstration's own rows: letters in its mailbox, calls to its gestionale, its clock, the mark of its seed."""

import json
from contextlib import suppress
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from django.db import models


class DemoLetter(models.Model):
    """One message in the demo mailbox, for any recipient."""

    received_at = models.DateTimeField("arrivato")
    recipient = models.CharField("destinatario", max_length=254)
    subject = models.CharField("oggetto", max_length=300, blank=True)
    raw = models.BinaryField("sorgente")

    class Meta:
        verbose_name = "messaggio di prova"
        verbose_name_plural = "messaggi di prova"
        ordering = ["-received_at", "-id"]
        indexes = [models.Index(fields=["-received_at", "-id"], name="demo_letter_newest_first")]

    def __str__(self) -> str:
        return f"{self.subject} ({self.recipient})"

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(bytes(self.raw), policy=policy.default)

    @property
    def sender(self) -> str:
        return str(self.message["From"] or "")

    @property
    def html(self) -> str:
        """The HTML part of the message; "" when there is none."""
        return self._part("html")

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def source(self) -> str:
        return bytes(self.raw).decode("utf-8", "replace").replace("\r\n", "\n")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""


class DemoCall(models.Model):
    """One call that the demonstration's gestionale received, with a valid signature or not."""

    received_at = models.DateTimeField("ricevuta")
    message_id = models.CharField("numero", max_length=200, blank=True)
    is_signed = models.BooleanField("firma valida")
    answered = models.PositiveSmallIntegerField("risposta")
    body = models.TextField("contenuto")

    class Meta:
        verbose_name = "chiamata di prova"
        verbose_name_plural = "chiamate di prova"
        ordering = ["-received_at", "-id"]

    def __str__(self) -> str:
        return f"chiamata {self.message_id}"

    @cached_property
    def content(self) -> dict[str, Any]:
        """The parsed body: `type`, and `data` about the id; {} when it is not such a JSON object."""
        with suppress(ValueError):
            found = json.loads(self.body)
            if isinstance(found, dict) and isinstance(found.get("data"), dict):
                return found
        return {}

    @property
    def pretty(self) -> str:
        """The body as indented JSON; unchanged when it cannot be parsed."""
        return json.dumps(self.content, ensure_ascii=False, indent=1) if self.content else self.body


class DemoClock(models.Model):
    """How far people moved the portal's clock forward: one row, or none. It only grows."""

    moved_by = models.DurationField("avanti di", default=timedelta)

    class Meta:
        verbose_name = "orologio di prova"
        verbose_name_plural = "orologi di prova"

    def __str__(self) -> str:
        return f"avanti di {self.moved_by}"


class DemoSeed(models.Model):
    """Marks a database that the seed filled, so that the seed may change it again."""

    at = models.DateTimeField("riempito")

    class Meta:
        verbose_name = "riempimento di prova"
        verbose_name_plural = "riempimenti di prova"

    def __str__(self) -> str:
        return f"riempito {self.at:%Y-%m-%d %H:%M}"
