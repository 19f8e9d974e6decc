"""A report that arrives before our row records the server's acceptance; and how many letters make a domain rest."""

import pytest
from django.db import transaction
from django.utils import timezone

from pharmacies.certification import letters
from portal.outbox.bounces.intake import receive
from portal.outbox.models import MailDomain, OutgoingMail
from portal.outbox.reasons import Reason
from portal.outbox.sending.delivery import deliver_due
from portal.outbox.verp import sender_of
from tests.outbox.mailboxes import BOX
from tests.outbox.postmaster import report


@pytest.fixture(autouse=True)
def _bounce_domain(settings):
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"


@pytest.fixture
def post(certified):
    """A letter to Anna's certified address, written at the given instant."""

    def post(at=None):
        with transaction.atomic():
            letters.certified(certified, at or timezone.now())
        return OutgoingMail.objects.order_by("-pk").first()

    return post


# --- a report that arrives before our row records the server's acceptance


def test_a_report_that_comes_first_is_not_erased(post):
    letter, now = post(), timezone.now()
    (claimed,) = OutgoingMail.objects.claim(now, 1)
    sender = sender_of(letter.pk, "")
    receive(report(sender, status="5.2.2", diagnostic="552 5.2.2 mailbox full"), sender, now)
    claimed.accept(now, "250 taken")
    letter.refresh_from_db()
    assert letter.accepted_at == now
    assert letter.failed_at == now
    assert letter.last_answer == "552 5.2.2 mailbox full"
    assert letter.refusal is Reason.FULL


def test_a_failure_that_was_ours_is_erased_by_the_servers_yes(post):
    letter, now = post(), timezone.now()
    (claimed,) = OutgoingMail.objects.claim(now, 1)
    OutgoingMail.objects.update(failed_at=now, last_answer="Non inviato in tempo")  # another worker gave the letter up
    claimed.accept(now, "250 taken")
    letter.refresh_from_db()
    assert (letter.accepted_at, letter.failed_at, letter.last_answer) == (now, None, "250 taken")


def test_a_copy_that_bounces_elsewhere_is_no_refusal_of_ours(post, certified, sink):
    letter = post()
    deliver_due()
    sender = sender_of(letter.pk, "")
    receive(report(sender, "mario@altrove.example"), sender, timezone.now())
    letter.refresh_from_db()
    assert letter.failed_at is None
    assert not certified.refuses_mail


# --- a domain rests after different letters, not after one


def test_three_tries_of_one_letter_put_no_domain_to_rest(post, sink):
    letter, now = post(), timezone.now()
    for _ in range(4):
        sink.at_rcpt[BOX] = ["451 4.3.2 too much mail"]
        deliver_due(now)
        letter.refresh_from_db()
        now = letter.next_attempt_at
    domain = MailDomain.objects.get()
    assert (domain.refusals, domain.rests_until) == (1, None)


def test_two_letters_in_turn_are_two(db):
    now = timezone.now()
    for letter in (1, 2, 1, 2, 1):
        assert MailDomain.objects.refused("lento.it", "451", now, letter) is None
    assert MailDomain.objects.refused("lento.it", "451", now, 3) is not None
