"""Every letter that leaves is a row first, written in the same transaction as its cause."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat, Least, Left

from portal.database.claims import claim, hold
from portal.database.row_updates import update_row
from portal.outbox.accepting import write_accepted
from portal.outbox.hooks import forbidding
from portal.outbox.hooks.holding import may_leave
from portal.outbox.letter_outcome import TOO_LATE, Step, outcome_of, steps_of
from portal.outbox.models.domain import Rest
from portal.outbox.models.priority import Priority
from portal.outbox.reasons import Reason, read
from portal.values.address_field import AddressField

# Rows changed by one statement of a round. They are taken as letters are claimed, so that two rounds at once step over each
# other's instead of locking them in two orders.
AT_ONCE = 5000


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def waiting(self) -> "OutgoingMailQuerySet":
        """Neither accepted by a server, nor given up, nor withdrawn."""
        return self.filter(accepted_at=None, failed_at=None, withdrawn_at=None)

    def due(self, now: datetime, most: Priority = Priority.NOTICE) -> "OutgoingMailQuerySet":
        """To be handed to the SMTP server now, `most` the last priority asked for: its time has come, no living worker holds
        it, and nothing else does (hooks/holding.py).
        """
        due = self.unheld(now).filter(next_attempt_at__lte=now, give_up_at__gt=now, priority__lte=most)
        return may_leave(due, now)  # type: ignore[no-any-return]

    def too_late(self, now: datetime) -> "OutgoingMailQuerySet":
        """Useless by now: they must not leave any more."""
        return self.unheld(now).filter(give_up_at__lte=now, sealed_source__isnull=False)

    def unheld(self, now: datetime) -> "OutgoingMailQuerySet":
        """Waiting, and no living worker holds them."""
        return self.waiting().filter(Q(leased_until=None) | Q(leased_until__lte=now))

    def claim(self, now: datetime, size: int, most: Priority = Priority.NOTICE) -> "list[OutgoingMail]":
        """Takes up to `size` due letters for OUTBOX_LEASE, the most urgent first, without their text.

        Until the lease is over they are due for nobody: it moves next_attempt_at too, so that the index steps over them.
        """
        due = self.due(now, most).order_by("priority", "next_attempt_at", "pk").defer("sealed_source")
        lease = now + settings.OUTBOX_LEASE
        taken = claim(due, size, leased_until=lease, next_attempt_at=lease, attempts=F("attempts") + 1)
        for letter in taken:
            letter.leased_until = letter.next_attempt_at = lease
            letter.attempts += 1
        return taken

    def sources(self, letters: "Sequence[OutgoingMail]") -> dict[int, bytes]:
        """The sealed texts by key, of those that were not withdrawn and that no other worker took over meanwhile."""
        mine = self._claimed(letters).filter(sealed_source__isnull=False)
        return {pk: bytes(source or b"") for pk, source in mine.values_list("pk", "sealed_source")}

    def _claimed(self, letters: "Sequence[OutgoingMail]") -> "OutgoingMailQuerySet":
        leases = {letter.leased_until for letter in letters}
        return self.waiting().filter(pk__in=[letter.pk for letter in letters], leased_until__in=leases)

    def give_back(self, letters: "Sequence[OutgoingMail]", until: datetime, answer: str | None = None) -> int:
        """Claimed and not begun: due again at `until`; `answer` when there is a reason to write down."""
        said = {} if answer is None else {"last_answer": answer, "reason": ""}
        with transaction.atomic():
            return self.filter(pk__in=hold(self._claimed(letters))).update(
                leased_until=None, next_attempt_at=until, attempts=F("attempts") - 1, **said
            )

    def rest(self, domain: str, now: datetime, rest: Rest) -> int:
        """The letters of a domain that rests wait with it, but for those that would not outlive the rest."""
        theirs, waiting = self.unheld(now).filter(domain=domain).order_by("pk").only("pk"), 0
        urgent = Q(priority__lte=Priority.ID)
        for some, until in ((urgent, rest.probed_at), (~urgent, rest.until)):
            before = theirs.filter(some, next_attempt_at__lt=until, give_up_at__gt=until)
            waiting += len(claim(before, AT_ONCE, next_attempt_at=until))
        return waiting

    def give_up(self, now: datetime) -> int:
        """A code that has expired, a reminder after the fact: better told as not sent than sent late. Returns how many.

        The text of a refused letter, kept so long as staff could have it tried again, goes at the same time.
        """
        last = Concat(Value(f"{TOO_LATE}. Ultima risposta: "), Left("last_answer", 250))
        answer = Case(When(last_answer="", then=Value(TOO_LATE)), default=last)
        late = self.too_late(now).order_by("give_up_at", "pk").only("pk")
        given_up = claim(late, AT_ONCE, failed_at=now, leased_until=None, last_answer=answer, sealed_source=None)
        with_text = self.filter(sealed_source__isnull=False, give_up_at__lte=now).exclude(failed_at=None)
        claim(with_text.order_by("give_up_at", "pk").only("pk"), AT_ONCE, sealed_source=None)
        return len(given_up)

    def withdraw(self, now: datetime) -> int:
        """They must not leave, nor be tried again: what they say is no longer true. How many.

        All but the accepted ones lose their text; a refused one stays refused, and is useless from now on. Only what a worker
        hands over within this second leaves all the same.
        """
        lose = Q(failed_at=None) | Q(sealed_source__isnull=False)
        with transaction.atomic():
            held = hold(self.filter(lose, accepted_at=None, withdrawn_at=None))
            return self.model.objects.filter(pk__in=held).update(
                withdrawn_at=Case(When(failed_at=None, then=Value(now)), output_field=models.DateTimeField()),
                give_up_at=Case(When(failed_at=None, then=F("give_up_at")), default=Least(F("give_up_at"), Value(now))),
                leased_until=None,
                sealed_source=None,
            )

    def not_arrived(self) -> "OutgoingMailQuerySet":
        """Waiting or refused, at the door or by a report that came back; not those withdrawn."""
        return self.filter(Q(accepted_at=None) | Q(failed_at__isnull=False), withdrawn_at=None)

    def refused(self) -> "OutgoingMailQuerySet":
        return self.exclude(failed_at=None)

    def not_in_time(self) -> "OutgoingMailQuerySet":
        """Failed because nobody took them before they became useless. Asked of the answer, not of the two instants: a server
        that was given a letter in time may refuse it a moment after.
        """
        return self.refused().filter(last_answer__startswith=TOO_LATE)

    def refused_by_a_server(self) -> "OutgoingMailQuerySet":
        """Failed while there was still time: at the door, or with a report that came back."""
        return self.refused().exclude(last_answer__startswith=TOO_LATE)


class OutgoingMail(models.Model):
    """One letter to one mailbox, from the transaction that caused it to the server's answer."""

    class Kind(models.TextChoices):
        CODE = "code", "codice di validazione"
        CERTIFIED = "certified", "indirizzo certificato"
        CHANGED = "changed", "indirizzo modificato"
        REVOKED = "revoked", "indirizzo revocato"
        ISSUED = "issued", "ID SESSIONE"
        REMINDER = "reminder", "promemoria"
        EXPIRED = "expired", "ID SESSIONE scaduto"
        NOTICE = "notice", "avviso"
        TRIAL = "trial", "messaggio di prova"

    PRIORITY_OF = {
        Kind.CODE: Priority.CODE,
        Kind.ISSUED: Priority.ID,
        Kind.REMINDER: Priority.REMINDER,
        Kind.EXPIRED: Priority.REMINDER,
        Kind.TRIAL: Priority.ID,  # somebody looks at the page until it says what became of it
    }  # the others are notices

    kind = models.CharField("tipo", max_length=20, choices=Kind.choices)
    about = models.CharField("farmacia", max_length=40, blank=True)  # the code of the pharmacy the letter is about
    priority = models.PositiveSmallIntegerField(
        "urgenza", choices=Priority.choices, default=Priority.NOTICE, db_default=Priority.NOTICE
    )
    recipient = AddressField("destinatario", max_length=254)
    # of the recipient, lower case: what paces the letters
    domain = models.CharField("dominio", max_length=253, blank=True, default="", db_default="")
    subject = models.CharField("oggetto", max_length=200)
    message_id = models.CharField(max_length=120, unique=True)  # the same on every attempt
    secret = models.BooleanField(default=False)  # carries a code or an id
    # The whole MIME message, sealed. Blanked, secret or not, on acceptance, on withdrawal, and when it has become useless
    # (give_up_at): until then staff may have a refused letter tried again.
    sealed_source = models.BinaryField(null=True)
    created_at = models.DateTimeField("preparato")
    give_up_at = models.DateTimeField()  # after this the letter is useless: it fails instead of leaving late
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField("tentativi", default=0)
    leased_until = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField("accettato dal server", null=True)
    # refused, or too late; with accepted_at: a server took it, and then a report said that it came back
    failed_at = models.DateTimeField("non consegnato", null=True)
    withdrawn_at = models.DateTimeField("ritirato", null=True)  # what it carried died before it left
    delivered_at = models.DateTimeField("consegnato", null=True)  # a report said that it arrived
    returned_at = models.DateTimeField(
        "tornato indietro", null=True
    )  # a report said so: failed_at, and no answer undoes it
    last_answer = models.CharField("ultima risposta del server", max_length=300, blank=True)
    # what the last refusal means, read from the whole of it (reasons.py); blank: none, or no server said anything
    reason = models.CharField("motivo", max_length=12, choices=Reason.choices, blank=True, default="", db_default="")

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = "messaggio in uscita"
        verbose_name_plural = "messaggi in uscita"
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(accepted_at=None, failed_at=None),
                name="mail_withdrawn_before_it_left",
            ),
        ]
        indexes = [
            # claim(): due letters, most urgent first. Only what waits is in it: claiming costs the same after a million sent
            models.Index(
                fields=["priority", "next_attempt_at"],
                condition=Q(accepted_at=None, failed_at=None, withdrawn_at=None),
                name="mail_due",
            ),
            # give_up(): what has become useless, among the letters whose text is still there
            models.Index(fields=["give_up_at"], condition=Q(sealed_source__isnull=False), name="mail_with_text"),
            # what failed lately: counters and lists of the staff, failing domains
            models.Index(fields=["-failed_at"], condition=Q(failed_at__isnull=False), name="mail_failed"),
            # what is refused because of us: alarms and «Da seguire»
            models.Index(fields=["-created_at"], condition=Q(reason=Reason.ABOUT_US), name="mail_about_us"),
            models.Index(fields=["about", "-created_at"], name="mail_of_pharmacy"),  # the timeline of a pharmacy
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.message_id}"

    @property
    def is_waiting(self) -> bool:
        return self.accepted_at is None and self.failed_at is None and self.withdrawn_at is None

    @property
    def outcome(self) -> str:
        """A few words for a pill: `Accettato dal server`, `In attesa`, `Rifiutato: casella piena`."""
        return outcome_of(self)

    @property
    def outcome_kind(self) -> str:
        """`ok`, `warn` or `bad`, as the pill wants it."""
        return "bad" if self.failed_at else "ok" if self.accepted_at else "warn"

    @property
    def refusal(self) -> Reason | None:
        """What the last answer of a server means, of a letter that has not arrived; None when no server refused it."""
        if self.accepted_at is not None and self.failed_at is None:
            return None
        if self.reason:
            return Reason(self.reason)
        return read(self.last_answer).reason if self.failed_at and self.last_answer[:1].isdigit() else None

    @property
    def delivery_steps(self) -> list[Step]:
        """The lines of the box «Dove si trova il messaggio»."""
        return steps_of(self)

    def accept(self, now: datetime, answer: str) -> None:
        """The server took the letter: written down even when another worker has the lease by now. What is sent is sent."""
        write_accepted(self, now, answer)

    def fail(self, now: datetime, answer: str, reason: str = "") -> bool:
        """It does not leave, unless staff retry() it in time: the server refused it for good. False: another worker has it now."""
        return update_row(self, self._mine(), failed_at=now, leased_until=None, last_answer=answer, reason=reason)

    def came_back(self, now: datetime, answer: str, reason: str = "") -> None:
        """A report says that it was not delivered after all."""
        out = OutgoingMail.objects.filter(failed_at=None, withdrawn_at=None)
        update_row(self, out, failed_at=now, returned_at=now, leased_until=None, last_answer=answer, reason=reason)

    def arrived(self, now: datetime) -> None:
        """A report says that it was delivered."""
        update_row(self, OutgoingMail.objects.filter(delivered_at=None), delivered_at=now)

    def may_be_retried(self, now: datetime) -> bool:
        """Refused or waiting, not useless yet, its text still there, in no worker's hands, and allowed by the rules."""
        return self._unheld(now).exists() and not forbidding.forbidden([self], now)

    def retry(self, now: datetime) -> bool:
        """Due at once, as staff asked; False when there is nothing to try again, or a worker holds it at this moment.

        A letter that the rules forbid for good loses its text.
        """
        if forbidding.forbidden([self], now):
            self._withdraw_from(OutgoingMail.objects.all(), now)
            return False
        return update_row(
            self, self._unheld(now), failed_at=None, returned_at=None, leased_until=None, next_attempt_at=now
        )

    def _unheld(self, now: datetime) -> OutgoingMailQuerySet:
        """The row, when it may be tried again: not accepted, not withdrawn, useful, with its text, and in no worker's hands."""
        mine = OutgoingMail.objects.filter(pk=self.pk, accepted_at=None, withdrawn_at=None, sealed_source__isnull=False)
        return mine.filter(Q(leased_until=None) | Q(leased_until__lte=now), give_up_at__gt=now)

    def cancel(self, now: datetime) -> bool:
        """Must not leave, as staff asked; False when it has left, or does not wait."""
        return self._withdraw_from(OutgoingMail.objects.waiting(), now)

    def _withdraw_from(self, rows: OutgoingMailQuerySet, now: datetime) -> bool:
        """Withdraws the row if it is among `rows`, and reads again what the UPDATE computed."""
        is_withdrawn = rows.filter(pk=self.pk).withdraw(now) > 0
        if is_withdrawn:
            self.refresh_from_db(fields=["withdrawn_at", "give_up_at", "leased_until", "sealed_source"])
        return is_withdrawn

    def postpone(self, until: datetime, answer: str, reason: str = "") -> None:
        update_row(self, self._mine(), next_attempt_at=until, leased_until=None, last_answer=answer, reason=reason)

    def _mine(self) -> OutgoingMailQuerySet:
        """The row, unless another worker took it over when the lease ran out."""
        return OutgoingMail.objects.waiting().filter(pk=self.pk, leased_until=self.leased_until)
