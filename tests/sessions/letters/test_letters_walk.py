"""Invariants for any sequence of changes to addresses, codes, ids and letters: no text of anything dead is kept, nothing leaves for
a mailbox that is not certified, and every live id has a letter.
"""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmacies.addresses.examination import examine
from pharmacies.models import CodiceValidazione, CopyMailbox, MailCertification, Pharmacy
from pharmacies.models.certification_refused import AlreadyCertified, NothingToConfirm, NotYet
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from portal.values import mail_address
from sessions.ids import forgetting, issuing, resending, revoking, using
from sessions.models import IdSessione, Reminder, ReminderCopy
from sessions.reminders import planning, sending
from sessions.reminders.planning import Wishes
from sessions.utenze import life
from tests.outbox.conftest import sink  # noqa: F401  the fixture
from tests.pharmacies.copy_mailboxes import copies_to
from tests.pharmacies.letters import code_in
from tests.sessions.conftest import MORNING, make_utenza

Kind = OutgoingMail.Kind
BOXES = ["uno@farmaciaprova.it", "Uno@farmaciaprova.it", "due@farmaciaprova.it", "tre@altra.it"]
COPIES = ["", "anna@example.it", "bruno@example.it"]
GONE, RULE = "550 5.1.1 no such user", "550 5.7.1 refused by a rule"
VERBS = {  # and the number of times
    "issue": 3, "issue_in_vain": 3, "issue_and_move": 2, "use": 1, "revoke": 2, "resend": 2, "begin": 1, "change": 5, "confirm": 1, "again": 1,
    "withdraw": 1, "revoke_address": 1, "deliver": 3, "refuse": 1, "come_back": 1, "retry": 3, "cancel": 1, "remind": 1,
    "sweep": 1, "close": 1, "block": 1, "copy": 1, "reachable": 1,
}  # fmt: skip


class LettersWorld:
    """Two pharmacies that may share a mailbox, their utenze, a clock, and the letters that the mail server accepted."""

    def __init__(self, pharmacies, people, staff, context, sink) -> None:  # noqa: F811
        self.pharmacies, self.people, self.staff, self.context, self.sink = pharmacies, people, staff, context, sink
        self.utenze = [make_utenza(f"UV{n}", pharmacy) for n, pharmacy in enumerate(pharmacies)]
        self.now, self.codes, self.cancelled = MORNING, {}, set()
        for n in range(2):
            self.change(n, 0)

    def act(self, verb: str, n: int, value: int) -> None:
        refused = (NotYet, NothingToConfirm, AlreadyCertified, issuing.IssuingRefused)
        with suppress(*refused), transaction.atomic():
            getattr(self, verb)(n, value)

    def _id(self, value: int) -> IdSessione | None:
        rows = list(IdSessione.objects.with_facts().order_by("-pk")[:4])
        return rows[value % len(rows)] if rows else None

    def _letter(self, value: int, **which) -> OutgoingMail | None:
        rows = list(OutgoingMail.objects.filter(**which).order_by("-pk")[:6])
        return rows[value % len(rows)] if rows else None

    def _pending(self, n: int) -> MailCertification | None:
        return self.pharmacies[n].certifications.pending(self.now).first()

    def _current(self, n: int) -> MailCertification | None:
        return self.pharmacies[n].certifications.current().first()

    def issue(self, n, value):
        issuing.issue(self.utenze[n], self.context, self.now)

    def issue_in_vain(self, n, value):
        """Issues an id whose letter the server refuses."""
        if current := self._current(n):
            self.sink.at_rcpt[current.address] = [RULE]
            issuing.issue(self.utenze[n], self.context, self.now)
            self.deliver(n, value)

    def issue_and_move(self, n, value):
        """The address changes, or is certified again, before the letter leaves."""
        issuing.issue(self.utenze[n], self.context, self.now)
        self.change(n, value)

    def use(self, n, value):
        if row := self._id(value):
            using.use(row, self.now)

    def revoke(self, n, value):
        if row := self._id(value):
            revoking.revoke(row, self.staff, self.now)

    def resend(self, n, value):
        if row := self._id(value):
            resending.resend(row, self.staff, self.now)

    def begin(self, n, value):
        examined = examine(BOXES[value % len(BOXES)], check_mx=False)
        MailCertification.objects.begin_and_send(self.pharmacies[n], examined, self.people[n], self.now)
        self._read_codes()

    def again(self, n, value):
        if pending := self._pending(n):
            pending.send_code(self.now)
            self._read_codes()

    def _read_codes(self):
        for code in CodiceValidazione.objects.exclude(pk__in=self.codes).select_related("letter"):
            self.codes[code.pk] = code_in(code.letter)

    def confirm(self, n, value):
        if pending := self._pending(n):
            sent = list(pending.codes.all())
            typed = self.codes[sent[value % len(sent)].pk] if sent else "000000"
            pending.confirm(typed, self.people[n], "SPID livello 2", self.now)

    def change(self, n, value):
        """Changes to another mailbox, or certifies the same one again."""
        self.begin(n, value)
        self.confirm(n, 0)

    def withdraw(self, n, value):
        if pending := self._pending(n):
            pending.withdraw(self.people[n], self.now)

    def revoke_address(self, n, value):
        if current := self._current(n):
            current.revoke(self.staff if value % 2 else self.people[n], self.now, "prova")

    def reachable(self, n, value):
        if current := self._current(n):
            current.reachable_again(self.staff, "prova", self.now)

    def deliver(self, n, value):
        seen = len(self.sink.letters)
        deliver_due(self.now)
        for letter, recipient in list(zip(self.sink.letters, self.sink.recipients, strict=True))[seen:]:
            row = OutgoingMail.objects.get(message_id=letter["Message-ID"])
            assert mail_address.same_mailbox(row.recipient, recipient)
            assert self.is_meant_for(row), f"{row.kind} left for {recipient}"

    def refuse(self, n, value):
        """The server refuses the next letter for this mailbox permanently."""
        self.sink.at_rcpt[BOXES[value % len(BOXES)]] = [GONE if n else RULE]

    def come_back(self, n, value):
        if letter := self._letter(value, accepted_at__isnull=False):
            letter.came_back(self.now, RULE)

    def retry(self, n, value):
        if letter := self._letter(value, failed_at__isnull=False, accepted_at=None) or self._letter(value):
            letter.retry(self.now)

    def cancel(self, n, value):
        if (letter := self._letter(value, accepted_at=None)) and letter.cancel(self.now):
            self.cancelled.add(letter.pk)

    def remind(self, n, value):
        sending.send_due(self.now)

    def sweep(self, n, value):
        forgetting.forget_dead(self.now)

    def close(self, n, value):
        closed_on = self.now.date() if value % 2 else None
        Pharmacy.objects.filter(pk=self.pharmacies[n].pk).update(closed_on=closed_on)

    def block(self, n, value):
        if value % 2:
            life.block(self.utenze[n], "prova", self.staff, self.now)
        else:
            life.unblock(self.utenze[n], "prova", self.staff, self.now)

    def copy(self, n, value):
        planning.choose(self.pharmacies[n], Wishes([120, 30], True), self.people[n], self.now)
        copies_to(COPIES[value % len(COPIES)], self.pharmacies[n], self.people[n], self.now)

    # Invariants

    def certified(self, recipient: str, *pharmacies: int) -> bool:
        current = MailCertification.objects.current().filter(address_key=mail_address.key(recipient))
        return current.filter(pharmacy__in=pharmacies).exists()

    def is_meant_for(self, letter: OutgoingMail) -> bool:
        """The letter's content is alive and its mailbox may read it: derived from the rows, without the portal's rules."""
        about = [pharmacy.pk for pharmacy in self.pharmacies if pharmacy.code == letter.about]
        if letter.kind in (Kind.CHANGED, Kind.REVOKED):
            known = MailCertification.objects.filter(pharmacy__in=about, certified_at__isnull=False)
            return known.filter(address_key=mail_address.key(letter.recipient)).exists()
        if letter.kind == Kind.CODE:
            request = CodiceValidazione.objects.get(letter=letter).certification
            return request.is_pending(self.now) and request.address_key == mail_address.key(letter.recipient)
        if letter.kind == Kind.ISSUED:
            row = IdSessione.objects.filter(letter=letter).with_facts().first()
            return row is not None and row.revoked_at is None and self.certified(letter.recipient, row.pharmacy_id)
        if letter.kind in (Kind.REMINDER, Kind.EXPIRED):
            said = Reminder.objects.filter(letter=letter).values_list("pharmacy", flat=True)
            copied = Reminder.objects.filter(copies__letter=letter).values_list("pharmacy", flat=True)
            named = CopyMailbox.objects.open().filter(pharmacy__in=copied, address=letter.recipient)
            return self.certified(letter.recipient, *said) or named.exists()
        return self.certified(letter.recipient, *about)

    def check(self) -> None:
        copies = set(ReminderCopy.objects.values_list("letter", flat=True))
        kept = OutgoingMail.objects.filter(sealed_source__isnull=False)
        assert not kept.filter(accepted_at__isnull=False).exists()
        for letter in kept.filter(give_up_at__gt=self.now).exclude(pk__in=copies):  # a copy is checked when it leaves
            assert self.is_meant_for(letter), f"{letter.kind} for {letter.recipient} kept its text"
        for row in IdSessione.objects.live(self.now).with_facts():
            letter = row.letter
            if letter.pk in self.cancelled:
                continue
            assert letter.withdrawn_at is None
            assert letter.accepted_at or self.certified(letter.recipient, row.pharmacy_id)
            refused_at_the_door = letter.failed_at and not letter.accepted_at
            if (letter.is_waiting or refused_at_the_door) and letter.give_up_at > self.now:
                assert letter.sealed_source is not None


step = st.tuples(
    st.sampled_from([verb for verb, often in VERBS.items() for _ in range(often)]),
    st.integers(0, 1),
    st.integers(0, 11),
    st.sampled_from([0, 0, 0, 1, 2, 61, 300, 900]),  # minutes before it
)


@pytest.fixture
def world(san_marco, al_redentore, anna, bruno, carla, context, sink):  # noqa: F811
    """A new World() for each walk, on the same rows."""
    return lambda: LettersWorld([san_marco, al_redentore], [anna, bruno], carla, context, sink)


def walk(world: LettersWorld, steps) -> None:
    for verb, n, value, minutes in steps:
        world.now += timedelta(minutes=minutes)
        world.act(verb, n, value)
        world.check()


@pytest.mark.processes
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=8, max_size=30))
def test_letters_follow_what_they_carry_whatever_the_order(steps, world) -> None:
    with transaction.atomic():
        walk(world(), steps)
        transaction.set_rollback(True)
