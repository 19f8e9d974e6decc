"""The codes that were sent for an address. The rate limits on sending are computed from these rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, models
from django.db.models import Q

from pharmacies.models.certification_refused import NotYet, TooManySends, TooManySendsToday, TooSoon
from portal.outbox.models import OutgoingMail
from portal.secrets import codes
from portal.values.pasted import codes_in

CODE_DIGITS = 6
CODE_USABLE_FOR = timedelta(minutes=15)
# a code that expired within this time since it was sent gets a sentence of its own and costs no attempt
CODE_REMEMBERED_FOR = timedelta(hours=2)
BETWEEN_SENDS = timedelta(seconds=60)  # between two codes to one address; a corrected address need not wait
SENDS_AN_HOUR_PER_PHARMACY = 4
SENDS_A_DAY_PER_ADDRESS = 10  # to one mailbox, whatever its spelling, over all the pharmacies that use it
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class NextSend:
    """When the next code may be requested (UTC), and how many may be requested in the coming hour."""

    at: datetime | None  # None: now
    left_this_hour: int
    refusal: type[NotYet] | None = None  # the limit that applies

    @property
    def is_limit(self) -> bool:
        """True when the wait is longer than the pause between two codes."""
        return self.refusal is not None and not issubclass(self.refusal, TooSoon)


class CodiceValidazioneQuerySet(models.QuerySet["CodiceValidazione"]):
    def usable(self, now: datetime) -> "CodiceValidazioneQuerySet":
        return self.filter(expires_at__gt=now)

    def remembered(self, now: datetime) -> "CodiceValidazioneQuerySet":
        """The expired codes that were sent less than CODE_REMEMBERED_FOR ago; the page says that they expired."""
        return self.filter(expires_at__lte=now, sent_at__gt=now - CODE_REMEMBERED_FOR)

    def match(self, request: int | str, typed: str) -> bool:
        """True when the typed text is one of these codes. Compares every code, each in constant time. `request`: see hash_of."""
        typed_hash = hash_of(request, typed)
        return sum(codes.same(code.code_hash, typed_hash) for code in self) > 0  # sum, not any: no early exit

    def hold_mailbox(self, mailbox: str) -> None:
        """Takes an advisory lock on this mailbox until the transaction ends, so that two pharmacies count its codes in turn.

        The daily limit counts per mailbox, and pharmacies that share one hold different rows. SQLite needs no lock: its
        transactions are IMMEDIATE. In the lock order it comes after MailCertification and before Utenza.
        """
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_advisory_xact_lock(%s)", [int(codes.keyed_hash("code-mailbox", mailbox)[:15], 16)]
            )

    def next_send(self, of_request: Q, of_sender: Q, mailbox: str, now: datetime) -> NextSend:
        """Applies the three limits: a pause per address, codes an hour per sender, codes a day per mailbox.

        `of_request`, `of_sender`: the conditions on the codes of this address, and of all addresses of the pharmacy (for copies:
        of the person in the pharmacy).
        """
        just_sent = self.filter(of_request, sent_at__gt=now - BETWEEN_SENDS).first()
        this_hour = list(self.filter(of_sender, sent_at__gt=now - HOUR))
        today = list(self.filter(mailbox=mailbox, sent_at__gt=now - DAY))
        waits: list[tuple[datetime, type[NotYet]]] = []
        if just_sent is not None:
            waits.append((_up_to_second(just_sent.sent_at + BETWEEN_SENDS), TooSoon))
        if len(this_hour) >= SENDS_AN_HOUR_PER_PHARMACY:
            waits.append((up_to_minute(this_hour[SENDS_AN_HOUR_PER_PHARMACY - 1].sent_at + HOUR), TooManySends))
        if len(today) >= SENDS_A_DAY_PER_ADDRESS:
            waits.append((up_to_minute(today[SENDS_A_DAY_PER_ADDRESS - 1].sent_at + DAY), TooManySendsToday))
        left = min(SENDS_AN_HOUR_PER_PHARMACY - len(this_hour), SENDS_A_DAY_PER_ADDRESS - len(today))
        at, refusal = max(waits, key=lambda wait: wait[0], default=(None, None))
        return NextSend(at, max(left, 0), refusal)


class CodiceValidazione(models.Model):
    """One code sent for one certification, or for the mailbox of a copy, stored as a keyed hash.

    Every unexpired code of the request is valid.
    """

    certification = models.ForeignKey("pharmacies.MailCertification", models.PROTECT, null=True, related_name="codes")
    copy = models.ForeignKey("pharmacies.CopyMailbox", models.PROTECT, null=True, related_name="codes")
    # examination.mailbox_of(address): the daily limit counts the codes to it
    mailbox = models.CharField(max_length=254, default="", blank=True)
    code_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    letter = models.ForeignKey(OutgoingMail, models.PROTECT, related_name="+")

    objects = CodiceValidazioneQuerySet.as_manager()

    class Meta:
        verbose_name = "codice di validazione"
        verbose_name_plural = "codici di validazione"
        ordering = ["-sent_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(certification__isnull=False, copy=None) | Q(certification=None, copy__isnull=False),
                name="code_of_one_request",
            )
        ]
        indexes = [
            models.Index(fields=["certification", "-sent_at"], name="code_of_certification"),
            models.Index(fields=["copy", "-sent_at"], condition=Q(copy__isnull=False), name="code_of_copy"),
            models.Index(fields=["mailbox", "-sent_at"], name="code_of_mailbox"),  # the daily limit
        ]

    def __str__(self) -> str:
        return f"codice inviato il {self.sent_at:%Y-%m-%d %H:%M}"

    def is_usable(self, now: datetime) -> bool:
        return self.expires_at > now


def hash_of(request: int | str, typed: str) -> str:
    """Returns the keyed hash of a code of this request; finds the code in pasted text (pasted.codes_in).

    `request`: the key of the certification, or CopyMailbox.codes_of.
    """
    read = codes_in(typed, CODE_DIGITS)
    return codes.keyed_hash("codice-validazione", f"{request}:{read[0] if len(read) == 1 else typed}")


def _up_to_second(at: datetime) -> datetime:
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


def up_to_minute(at: datetime) -> datetime:
    """Returns the first whole minute at or after this instant."""
    whole = at.replace(second=0, microsecond=0)
    return at if at == whole else whole + timedelta(minutes=1)
