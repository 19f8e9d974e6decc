"""The generated races find earlier faults that are put back on purpose."""

from datetime import datetime

import pytest
from django.db import connection, transaction

from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.outbox.hooks import mailbox_news
from portal.outbox.models import OutgoingMail
from portal.outbox.sending import delivery
from portal.outbox.sending.smtp import SmtpAnswer
from sessions.models import Context
from tests.races.generator import races

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks the whole database: one act at a time"),
]


@transaction.atomic
def letter_before_pharmacy(letter: OutgoingMail, answer: SmtpAnswer, now: datetime) -> None:
    letter.fail(now, answer.text, answer.reading.reason)
    mailbox_news.tell(letter, "casella inesistente", now)


def only_what_waits(self, now: datetime) -> int:
    return self.waiting().update(withdrawn_at=now, leased_until=None, sealed_source=None)


def test_a_refusal_that_locks_its_letter_first_is_found(
    monkeypatch, anna: User, context: Context, lock_faults: list[str]
) -> None:
    monkeypatch.setattr(delivery, "_write_refusal", letter_before_pharmacy)
    found = list(races([("refuse", "confirm"), ("confirm", "refuse")], anna, context))
    assert [line for line in found if "deadlock detected" in line]
    assert [fault for fault in lock_faults if "locks pharmacies_pharmacy while it holds outbox_outgoingmail" in fault]
    lock_faults.clear()


def test_a_refused_letter_that_keeps_its_text_is_found(
    monkeypatch, anna: User, context: Context, lock_faults: list[str]
) -> None:
    monkeypatch.setattr("portal.outbox.models.letter.OutgoingMailQuerySet.withdraw", only_what_waits)
    found = list(races([("revoke_address", "retry")], anna, context))
    assert [line for line in found if "no_text_of_a_dead_id" in line]
    lock_faults.clear()


def test_acts_that_do_not_hold_their_pharmacy_are_found(
    monkeypatch, anna: User, context: Context, lock_faults: list[str]
) -> None:
    monkeypatch.setattr(type(Pharmacy.objects.all()), "hold", lambda self, pk: None)
    found = list(races([("issue", "revoke_address")], anna, context))
    assert [line for line in found if "no_letter_waits_for_a_former_address" in line]
    lock_faults.clear()
