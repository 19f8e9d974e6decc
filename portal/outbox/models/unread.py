"""Reports that no rule understands, until an operator decides about them; and complaints, which are only counted."""

from datetime import datetime, timedelta
from hashlib import sha256

from django.db import models
from django.db.models import Q

from portal.database.row_updates import update_row
from portal.outbox.models.letter import OutgoingMail
from portal.secrets.sealing import seal

UNREAD_KEPT_FOR = timedelta(days=30)
OF_A_LETTER = 5  # reports kept about one letter; more of them hold nothing new
MOST_KEPT = 64 * 1024  # bytes: the server's text comes before the returned letter


class UnreadReportQuerySet(models.QuerySet["UnreadReport"]):
    def open(self) -> "UnreadReportQuerySet":
        """Reports that wait for an operator's decision."""
        return self.filter(decided_at=None, kind=UnreadReport.ReportKind.UNREAD)

    def keep(self, letter: OutgoingMail, raw: bytes, now: datetime, **facts: str) -> bool:
        """Stores a sealed copy of a report, once. False: it is known, or the letter has OF_A_LETTER reports already."""
        digest = sha256(raw).hexdigest()
        if self.filter(report=digest).exists() or self.filter(letter=letter).count() >= OF_A_LETTER:
            return False
        sealed = None if facts.get("kind") == UnreadReport.ReportKind.COMPLAINT else seal(raw[:MOST_KEPT])
        row = UnreadReport(letter=letter, at=now, report=digest, sealed_source=sealed, **facts)
        return bool(self.bulk_create([row], ignore_conflicts=True))


class UnreadReport(models.Model):
    """One message of a mail server about one letter."""

    class ReportKind(models.TextChoices):
        UNREAD = "unread", "rapporto non letto"
        COMPLAINT = "complaint", "segnalazione come spam"

    class ReportDecision(models.TextChoices):
        DEAD = "dead", "Casella morta"
        ABOUT_US = "about-us", "Colpa nostra"
        NOTHING = "nothing", "Niente"

    letter = models.ForeignKey(OutgoingMail, models.PROTECT, related_name="unread_reports", verbose_name="messaggio")
    at = models.DateTimeField("ricevuto")
    kind = models.CharField("tipo", max_length=10, choices=ReportKind.choices, default=ReportKind.UNREAD)
    subject = models.CharField("oggetto", max_length=200, blank=True)  # addresses and codes masked
    sender_domain = models.CharField("da", max_length=253, blank=True)
    sealed_source = models.BinaryField(null=True)  # the message as it came; cleared by decide()
    report = models.CharField(max_length=64, unique=True)  # SHA-256 of its bytes
    decided_at = models.DateTimeField("deciso", null=True)
    decision = models.CharField("esito", max_length=10, choices=ReportDecision.choices, blank=True)

    objects = UnreadReportQuerySet.as_manager()

    class Meta:
        verbose_name = "rapporto non letto"
        verbose_name_plural = "rapporti non letti"
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at=None, decision="") | (Q(decided_at__isnull=False) & ~Q(decision="")),
                name="report_decided_with_a_word",
            ),
        ]
        indexes = [
            # open(), for the staff's page and /metrics
            models.Index(fields=["-at"], condition=Q(decided_at=None, kind="unread"), name="report_open"),
            models.Index(fields=["kind", "-at"], name="report_of_kind"),  # complaints of the last day
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.report[:8]}"

    def decide(self, decision: str, now: datetime) -> bool:
        """Writes an operator's decision and deletes the text. False when it was decided already."""
        return update_row(self, UnreadReport.objects.open(), decision=decision, decided_at=now, sealed_source=None)
