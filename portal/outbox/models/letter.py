"""A letter is a row of the outbox, written in the transaction of its cause, before it is sent."""

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
from portal.outbox.letter_outcome import TOO_LATE, LetterStep, outcome_of, steps_of
from portal.outbox.models.domain import Rest
from portal.outbox.models.priority import Priority
from portal.outbox.reasons import Reason, read
from portal.time import database_clock
from portal.values.address_field import AddressField

# Rows changed by one statement. They are claimed (SKIP LOCKED), so that two workers skip each other's rows instead of locking
# them in two orders.
AT_ONCE = 5000


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def waiting(self) -> "OutgoingMailQuerySet":
        """Neither accepted by a server, nor given up, nor withdrawn."""
        return self.filter(accepted_at=None, failed_at=None, withdrawn_at=None)

    def due(self, now: datetime, most: Priority = Priority.NOTICE) -> "OutgoingMailQuerySet":
        """Letters to hand to the SMTP server now, up to the priority `most`: due, not claimed, not held (hooks/holding.py)."""
        due = self.unheld(now).filter(next_attempt_at__lte=now, give_up_at__gt=now, priority__lte=most)
        return may_leave(due, now)  # type: ignore[no-any-return]

    def too_late(self, now: datetime) -> "OutgoingMailQuerySet":
        """Letters that have become useless and must not leave."""
        return self.unheld(now).filter(give_up_at__lte=now, sealed_source__isnull=False)

    def unheld(self, now: datetime) -> "OutgoingMailQuerySet":
        """Waiting letters without a lease, or whose lease has ended. Leases are in real time: a moved clock ends none."""
        return self.waiting().filter(Q(leased_until=None) | Q(leased_until__lte=database_clock.real_of(now)))

    def claim(self, now: datetime, size: int, most: Priority = Priority.NOTICE) -> "list[OutgoingMail]":
        """Takes up to `size` due letters for OUTBOX_LEASE, the most urgent first, without their text.

        The lease moves next_attempt_at too, so that the partial index skips them until it ends.
        """
        due = self.due(now, most).order_by("priority", "next_attempt_at", "pk").defer("sealed_source")
        lease, again = database_clock.real_of(now) + settings.OUTBOX_LEASE, now + settings.OUTBOX_LEASE
        taken = claim(due, size, leased_until=lease, next_attempt_at=again, attempts=F("attempts") + 1)
        for letter in taken:
            letter.leased_until, letter.next_attempt_at = lease, again
            letter.attempts += 1
        return taken

    def sources(self, letters: "Sequence[OutgoingMail]") -> dict[int, bytes]:
        """The sealed texts by key, without letters that were withdrawn or that another worker claimed meanwhile."""
        claimed = self._claimed(letters).filter(sealed_source__isnull=False)
        return {pk: bytes(source or b"") for pk, source in claimed.values_list("pk", "sealed_source")}

    def _claimed(self, letters: "Sequence[OutgoingMail]") -> "OutgoingMailQuerySet":
        leases = {letter.leased_until for letter in letters}
        return self.waiting().filter(pk__in=[letter.pk for letter in letters], leased_until__in=leases)

    def give_back(self, letters: "Sequence[OutgoingMail]", until: datetime, answer: str | None = None) -> int:
        """Ends the lease of letters that were claimed but not tried: due again at `until`. `answer`: the cause, if any."""
        cause = {} if answer is None else {"last_answer": answer, "reason": ""}
        with transaction.atomic():
            return self.filter(pk__in=hold(self._claimed(letters))).update(
                leased_until=None, next_attempt_at=until, attempts=F("attempts") - 1, **cause
            )

    def rest(self, domain: str, now: datetime, rest: Rest) -> int:
        """Postpones the letters of a resting domain to the end of its rest, except letters useless by then; returns how many."""
        letters, waiting = self.unheld(now).filter(domain=domain).order_by("pk").only("pk"), 0
        urgent = Q(priority__lte=Priority.ID)
        for some, until in ((urgent, rest.probed_at), (~urgent, rest.until)):
            before = letters.filter(some, next_attempt_at__lt=until, give_up_at__gt=until)
            waiting += len(claim(before, AT_ONCE, next_attempt_at=until))
        return waiting

    def give_up(self, now: datetime) -> int:
        """Fails letters that have become useless (an expired code, an outdated reminder) and returns how many.

        Also deletes the texts of refused letters, which staff can retry only until `give_up_at`.
        """
        last = Concat(Value(f"{TOO_LATE}. Ultima risposta: "), Left("last_answer", 250))
        answer = Case(When(last_answer="", then=Value(TOO_LATE)), default=last)
        late = self.too_late(now).order_by("give_up_at", "pk").only("pk")
        given_up = claim(late, AT_ONCE, failed_at=now, leased_until=None, last_answer=answer, sealed_source=None)
        with_text = self.filter(sealed_source__isnull=False, give_up_at__lte=now).exclude(failed_at=None)
        claim(with_text.order_by("give_up_at", "pk").only("pk"), AT_ONCE, sealed_source=None)
        return len(given_up)

    def withdraw(self, now: datetime) -> int:
        """Withdraws letters whose content is no longer true, so that they neither leave nor are retried; returns how many.

        Deletes the text of every letter that is not accepted; a refused letter stays refused and becomes useless. A letter whose
        text a worker read within the last second may still leave.
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
        """Waiting letters, and letters refused by a server or by a later report; not withdrawn letters."""
        return self.filter(Q(accepted_at=None) | Q(failed_at__isnull=False), withdrawn_at=None)

    def refused(self) -> "OutgoingMailQuerySet":
        return self.exclude(failed_at=None)

    def not_in_time(self) -> "OutgoingMailQuerySet":
        """Failed because no server accepted them in time.

        Reads last_answer, not the two instants: a server may refuse a letter just after give_up_at that it got in time.
        """
        return self.refused().filter(last_answer__startswith=TOO_LATE)

    def refused_by_a_server(self) -> "OutgoingMailQuerySet":
        """Failed by a server's refusal or by a report that came back, not by running out of time."""
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
        Kind.TRIAL: Priority.ID,  # a person waits on the page for the result
    }  # every other kind has Priority.NOTICE

    kind = models.CharField("tipo", max_length=20, choices=Kind.choices)
    about = models.CharField("farmacia", max_length=40, blank=True)  # the code of the pharmacy the letter is about
    priority = models.PositiveSmallIntegerField(
        "urgenza", choices=Priority.choices, default=Priority.NOTICE, db_default=Priority.NOTICE
    )
    recipient = AddressField("destinatario", max_length=254)
    # the recipient's, lower case: letters are paced by it
    domain = models.CharField("dominio", max_length=253, blank=True, default="", db_default="")
    subject = models.CharField("oggetto", max_length=200)
    message_id = models.CharField(max_length=120, unique=True)  # the same on every attempt
    secret = models.BooleanField(default=False)  # carries a code or an id
    # The whole MIME message, sealed. Cleared on acceptance, on withdrawal and at give_up_at, secret or not; until then staff may
    # retry a refused letter.
    sealed_source = models.BinaryField(null=True)
    created_at = models.DateTimeField("preparato")
    give_up_at = models.DateTimeField()  # after this the letter is useless: it fails instead of leaving late
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField("tentativi", default=0)
    leased_until = models.DateTimeField(
        null=True
    )  # in real time, as nothing else here (docs/architecture.md, "Two times")
    accepted_at = models.DateTimeField("accettato dal server", null=True)
    # refused, or too late; together with accepted_at: a server accepted it and a report came back
    failed_at = models.DateTimeField("non consegnato", null=True)
    withdrawn_at = models.DateTimeField("ritirato", null=True)  # its content became untrue before it left
    delivered_at = models.DateTimeField("consegnato", null=True)  # a report confirmed the delivery
    # a report announced the failure: equal to failed_at, and no later answer clears it
    returned_at = models.DateTimeField("tornato indietro", null=True)
    last_answer = models.CharField("ultima risposta del server", max_length=300, blank=True)
    # of the last refusal, read from the whole answer (reasons.py); "" when there is none, or no server answered
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
            # claim(): due letters, the most urgent first. It holds waiting letters only, so a million sent letters cost nothing
            models.Index(
                fields=["priority", "next_attempt_at"],
                condition=Q(accepted_at=None, failed_at=None, withdrawn_at=None),
                name="mail_due",
            ),
            # give_up(): letters with a text, by the instant at which they become useless
            models.Index(fields=["give_up_at"], condition=Q(sealed_source__isnull=False), name="mail_with_text"),
            # recent failures: counters and lists of the staff, failing domains
            models.Index(fields=["-failed_at"], condition=Q(failed_at__isnull=False), name="mail_failed"),
            # letters refused because of the portal: alarms and «Da seguire»
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
        """The reason of the last refusal of a letter that has not arrived; None when no server refused it."""
        if self.accepted_at is not None and self.failed_at is None:
            return None
        if self.reason:
            return Reason(self.reason)
        return read(self.last_answer).reason if self.failed_at and self.last_answer[:1].isdigit() else None

    @property
    def delivery_steps(self) -> list[LetterStep]:
        """The lines of the box «Dove si trova il messaggio»."""
        return steps_of(self)

    def accept(self, now: datetime, answer: str) -> None:
        """Writes down that the server accepted the letter, even when another worker holds the lease by now."""
        write_accepted(self, now, answer)

    def fail(self, now: datetime, answer: str, reason: str = "") -> bool:
        """Writes down a final refusal; staff may still retry() in time. False when another worker holds the lease by now."""
        return update_row(self, self._leased(), failed_at=now, leased_until=None, last_answer=answer, reason=reason)

    def came_back(self, now: datetime, answer: str, reason: str = "") -> None:
        """Writes down a report that the letter was not delivered."""
        out = OutgoingMail.objects.filter(failed_at=None, withdrawn_at=None)
        update_row(self, out, failed_at=now, returned_at=now, leased_until=None, last_answer=answer, reason=reason)

    def arrived(self, now: datetime) -> None:
        """Writes down a report that the letter was delivered."""
        update_row(self, OutgoingMail.objects.filter(delivered_at=None), delivered_at=now)

    def may_be_retried(self, now: datetime) -> bool:
        """True when retry() would send it: refused or waiting, still useful, with its text, without a lease, allowed by the rules."""
        return self._unheld(now).exists() and not forbidding.forbidden([self], now)

    def retry(self, now: datetime) -> bool:
        """Makes the letter due at once, for staff; False when it cannot be retried, or a worker holds it.

        Withdraws a letter that the rules forbid.
        """
        if forbidding.forbidden([self], now):
            self._withdraw_from(OutgoingMail.objects.all(), now)
            return False
        return update_row(
            self, self._unheld(now), failed_at=None, returned_at=None, leased_until=None, next_attempt_at=now
        )

    def _unheld(self, now: datetime) -> OutgoingMailQuerySet:
        """The row, if it may be retried: not accepted, not withdrawn, still useful, with its text, without a lease."""
        row = OutgoingMail.objects.filter(pk=self.pk, accepted_at=None, withdrawn_at=None, sealed_source__isnull=False)
        free = Q(leased_until=None) | Q(leased_until__lte=database_clock.real_of(now))
        return row.filter(free, give_up_at__gt=now)

    def cancel(self, now: datetime) -> bool:
        """Withdraws a waiting letter, for staff; False when it does not wait (any more)."""
        return self._withdraw_from(OutgoingMail.objects.waiting(), now)

    def _withdraw_from(self, rows: OutgoingMailQuerySet, now: datetime) -> bool:
        """Withdraws the row if it is among `rows`, and reloads the values that the UPDATE computed."""
        is_withdrawn = rows.filter(pk=self.pk).withdraw(now) > 0
        if is_withdrawn:
            self.refresh_from_db(fields=["withdrawn_at", "give_up_at", "leased_until", "sealed_source"])
        return is_withdrawn

    def postpone(self, until: datetime, answer: str, reason: str = "") -> None:
        update_row(self, self._leased(), next_attempt_at=until, leased_until=None, last_answer=answer, reason=reason)

    def _leased(self) -> OutgoingMailQuerySet:
        """The row, unless the lease ended and another worker claimed it."""
        return OutgoingMail.objects.waiting().filter(pk=self.pk, leased_until=self.leased_until)
