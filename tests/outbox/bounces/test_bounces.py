"""A returned report: its effect on the letter and on the recipient's address."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from pharmacies.certification import letters
from pharmacies.models import MailCertification
from portal.journal.models import Entry
from portal.outbox.bounces.intake import REPORTS_FOR, BounceOutcome, receive
from portal.outbox.models import Bounce, OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from portal.outbox.verp import letter_of, sender_of
from portal.values.mail_address import key
from tests.outbox.postmaster import report

BOX = "idsessione@farmaciasanmarco.it"


@pytest.fixture(autouse=True)
def _bounce_domain(settings):
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"


@pytest.fixture
def sent(certified, sink):
    """A letter to Anna's certified address that the server accepted, and its envelope sender."""
    with transaction.atomic():
        letters.certified(certified, timezone.now())
    deliver_due(timezone.now())
    letter = OutgoingMail.objects.get()
    assert letter.accepted_at
    return letter, sink.senders[0]


def now():
    return timezone.now()


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_each_letter_leaves_with_an_envelope_sender_of_its_own(sent, settings):
    letter, sender = sent
    assert sender == sender_of(letter.pk, settings.DEFAULT_FROM_EMAIL)
    assert sender.endswith("@rimbalzi.portale.example")
    assert letter_of(sender) == letter_of(sender.upper()) == letter.pk


def test_without_a_bounce_domain_the_sender_is_the_plain_one(write, sink, settings):
    settings.BOUNCE_DOMAIN = ""
    write()
    deliver_due(now())
    assert sink.senders == ["no-reply@portale-farmacie.example"]


def test_a_hard_bounce_makes_the_address_undeliverable_and_says_why(sent, certified):
    letter, sender = sent
    assert receive(report(sender), sender, now()) is BounceOutcome.WRITTEN
    assert fresh(certified).undeliverable_at is not None
    letter = fresh(letter)
    assert letter.outcome == "Rifiutato: casella inesistente"
    assert [step.text for step in letter.delivery_steps][1:] == [
        "Accettato dal server di farmaciasanmarco.it",
        "Rifiutato: casella inesistente",
    ]
    assert Entry.objects.get(verb="certification.undeliverable").detail["why"] == "casella inesistente"


def test_what_is_kept_of_a_report_names_no_mailbox(sent):
    _, sender = sent
    receive(report(sender), sender, now())
    assert (
        Bounce.objects.get().answer == "550 5.1.1 <id•••@farmaciasanmarco.it>: Recipient address rejected: User unknown"
    )


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.2.2", "552 5.2.2 Mailbox full"),
        ("5.7.1", "554 5.7.1 Message content rejected"),
        ("5.3.4", "552 5.3.4 too big"),
        ("5.4.4", "X-Postfix; Host or domain name not found."),
        ("5.4.7", "delivery time expired"),
    ],
)
def test_a_refusal_that_may_pass_counts_and_leaves_the_address_in_force(sent, certified, status, diagnostic):
    letter, sender = sent
    assert receive(report(sender, status=status, diagnostic=diagnostic), sender, now()) is BounceOutcome.WRITTEN
    assert fresh(certified).undeliverable_at is None
    assert fresh(letter).failed_at is not None
    assert letter.bounces.count() == 1


def test_a_delay_is_counted_and_the_letter_is_still_on_its_way(sent, certified):
    letter, sender = sent
    raw = report(sender, action="delayed", status="4.4.1", diagnostic="connect to mx: Connection timed out")
    assert receive(raw, sender, now()) is BounceOutcome.WRITTEN
    assert fresh(letter).failed_at is None
    assert fresh(certified).undeliverable_at is None
    assert not Bounce.objects.get().is_hard


def test_the_copy_of_a_forwarded_letter_says_nothing_of_the_mailbox(sent, certified):
    _, sender = sent
    receive(report(sender, "mario@altrove.example"), sender, now())
    assert fresh(certified).undeliverable_at is None
    assert not Bounce.objects.get().about_recipient


def test_an_address_rewritten_on_the_way_is_recognised_by_the_original_one(sent, certified):
    _, sender = sent
    receive(report(sender, "store-77@box.farmaciasanmarco.it", original=BOX), sender, now())
    assert fresh(certified).undeliverable_at is not None


def test_a_forwarded_copy_that_keeps_the_original_recipient_does_not_mark(sent, certified):
    letter, sender = sent
    receive(report(sender, "mario@gmail.example", original=BOX), sender, now())
    assert fresh(certified).undeliverable_at is None
    assert fresh(letter).failed_at is None


def test_a_report_about_an_address_that_was_changed_touches_neither(sent, certified, anna, san_marco):
    _, sender = sent
    certified.replaced_at = now()
    certified.save()
    new = MailCertification.objects.create(
        pharmacy=san_marco, address="nuova@farmaciasanmarco.it", address_key="nuova@farmaciasanmarco.it",
        requested_by=anna, requested_at=now(), certified_at=now(), certified_by=anna,
    )  # fmt: skip
    assert receive(report(sender), sender, now()) is BounceOutcome.WRITTEN
    assert fresh(certified).undeliverable_at is None
    assert fresh(new).undeliverable_at is None


def test_the_same_report_twice_changes_nothing(sent, certified):
    _, sender = sent
    receive(report(sender), sender, now())
    marked = fresh(certified).undeliverable_at
    assert receive(report(sender), sender, now()) is BounceOutcome.REPLAYED
    assert receive(report(sender, number=2), sender, now()) is BounceOutcome.KNOWN
    assert fresh(certified).undeliverable_at == marked
    assert Bounce.objects.count() == Entry.objects.filter(verb="certification.undeliverable").count() == 1


def test_a_replayed_report_does_not_undo_what_staff_said(sent, certified, carla):
    _, sender = sent
    receive(report(sender), sender, now())
    certified.reachable_again(carla, "riaperta", now())
    receive(report(sender, number=2), sender, now())
    receive(report(sender, status="5.2.1", diagnostic="550 5.2.1 disabled", number=3), sender, now())
    assert fresh(certified).undeliverable_at is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda sender: sender.replace("b-", "b-1", 1),  # another letter, the same signature
        lambda sender: sender[: sender.index("@") - 1] + ("0" if sender[sender.index("@") - 1] != "0" else "1")
        + sender[sender.index("@") :],
        lambda sender: sender.partition("@")[0] + "@altrove.example",
        lambda sender: "no-reply@portale-farmacie.example",
        lambda sender: "",
        lambda sender: "b-²-" + sender.rpartition("-")[2],
    ],
)  # fmt: skip
def test_a_forged_sender_is_about_no_letter(sent, certified, forge):
    _, sender = sent
    assert receive(report(sender), forge(sender), now()) is BounceOutcome.UNKNOWN
    assert fresh(certified).undeliverable_at is None
    assert not Bounce.objects.exists()


def test_a_report_about_a_very_old_letter_is_nobodys(sent, certified):
    letter, sender = sent
    assert receive(report(sender), sender, letter.created_at + REPORTS_FOR) is BounceOutcome.UNKNOWN
    assert fresh(certified).undeliverable_at is None


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        (lambda to: b"From: mario@farmacia.it\nTo: %s\nSubject: Ferie\n\nSono in ferie." % to, BounceOutcome.NO_REPORT),
        (lambda to: report(to.decode(), action="delivered", status="2.1.5"), BounceOutcome.NO_REPORT),
        (lambda to: report(to.decode(), status="boh"), BounceOutcome.MALFORMED),
        (lambda to: report(to.decode()).replace(b"Action: failed\n", b""), BounceOutcome.MALFORMED),
        (lambda to: report(to.decode()).replace(b"message/delivery-status", b"text/plain"), BounceOutcome.MALFORMED),
        (lambda to: report(to.decode())[:700], BounceOutcome.MALFORMED),
        (
            lambda to: b"To: %s\n" % to + b"Content-Type: multipart/report; report-type=delivery-status\n\n",
            BounceOutcome.MALFORMED,
        ),
        (lambda to: report(to.decode()) + b"x" * 10_000_000, BounceOutcome.MALFORMED),
        (lambda to: b"\x00\xff" * 500, BounceOutcome.NO_REPORT),
        (lambda to: b"", BounceOutcome.NO_REPORT),
    ],
)
def test_what_is_no_report_of_a_failure_changes_nothing(sent, certified, raw, outcome):
    letter, sender = sent
    assert receive(raw(sender.encode()), sender, now()) is outcome
    assert fresh(certified).undeliverable_at is None
    assert fresh(letter).failed_at is None
    assert not Bounce.objects.exists()


def test_a_report_that_nests_without_end_is_malformed_and_nothing_worse(sent):
    _, sender = sent
    part = b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n"
    raw = b"To: x\n" + b"".join(part % (number, number) for number in range(5000))
    assert receive(raw, sender, now()) in (BounceOutcome.MALFORMED, BounceOutcome.NO_REPORT)


def test_a_server_that_refuses_a_mailbox_for_good_at_once_is_heard_too(certified, sink):
    sink.at_rcpt[BOX] = ["550 5.1.1 no such user"]
    with transaction.atomic():
        letters.certified(certified, timezone.now())
    deliver_due(now())
    assert fresh(certified).undeliverable_at is not None


@pytest.mark.parametrize("answer", ["552 5.2.2 full", "550 no", "554 5.7.1 policy", "451 4.1.1 later"])
def test_a_refusal_that_proves_nothing_leaves_the_address_in_force(certified, sink, answer):
    sink.at_rcpt[BOX] = [answer]
    with transaction.atomic():
        letters.certified(certified, timezone.now())
    deliver_due(now())
    assert fresh(certified).undeliverable_at is None


def test_a_letter_that_came_back_is_not_sent_again(sent, sink):
    letter, sender = sent
    receive(report(sender), sender, now())
    assert not fresh(letter).retry(now())
    assert deliver_due(now() + timedelta(hours=1)) == 0
    assert len(sink.letters) == 1


@pytest.mark.parametrize("final", ["id@xn--weie-apotheke-ddb.example", "ID@XN--WEIE-Apotheke-ddb.example"])
def test_a_hard_bounce_of_an_accented_domain_marks_its_address(certified, sink, final):
    address = "id@weiße-apotheke.example"
    MailCertification.objects.update(address=address, address_key=key(address))
    certified.refresh_from_db()
    with transaction.atomic():
        letters.certified(certified, timezone.now())
    deliver_due(timezone.now())
    assert sink.recipients == ["id@xn--weie-apotheke-ddb.example"]
    assert receive(report(sink.senders[0], final), sink.senders[0], now()) is BounceOutcome.WRITTEN
    assert Bounce.objects.get().about_recipient
    assert fresh(certified).undeliverable_at is not None


def test_an_address_without_an_ascii_form_fails_and_is_written_to_nobody(write, sink):
    letter = write()
    with connection.cursor() as cursor:
        cursor.execute("update outbox_outgoingmail set recipient = 'id@a\u2764.example'")
    deliver_due(now())
    assert fresh(letter).failed_at is not None
    assert sink.recipients == []
