"""Mailboxes that look dead, for the staff: the alarm, the decision, the test letter."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pharmacies.models import MailCertification, Pharmacy
from portal.journal.models import Entry
from portal.outbox.models import DeadMailbox, OutgoingMail
from portal.watch.facts import exposition

HELD, STATUS, OUTBOX = "/operatori/posta/caselle/", "staff:status", "staff:outbox"


@pytest.fixture
def held(anna):
    """Six mailboxes of one domain that look dead, held by the brake."""
    now = timezone.now()
    for number in range(6):
        address = f"farmacia{number}@uguale.example"
        pharmacy = Pharmacy.objects.create(code=f"7000{number}", name=f"Farmacia {number}", comune="Torino", type=1)
        MailCertification.objects.create(
            pharmacy=pharmacy, address=address, address_key=address, requested_by=anna, requested_at=now - timedelta(days=1),
            certified_at=now - timedelta(days=1), certified_by=anna,
        )  # fmt: skip
        letter = OutgoingMail.objects.create(
            kind="issued", about=pharmacy.code, recipient=address, domain="uguale.example", subject="x",
            message_id=f"<{number}@x>", created_at=now, next_attempt_at=now, give_up_at=now, failed_at=now,
            last_answer="550 5.1.1 no such user", reason="dead",
        )  # fmt: skip
        DeadMailbox.objects.create(letter=letter, domain="uguale.example", found_at=now, held_at=now)


def url(name, *args):
    from django.urls import reverse

    return reverse(f"staff:{name}", args=args)


def marked():
    return MailCertification.objects.exclude(undeliverable_at=None).count()


def test_held_mailboxes_stand_in_da_seguire_and_in_the_metrics(carla_client, held):
    html = carla_client.get(url("status")).content.decode()
    assert "6 caselle di uguale.example sembrano inesistenti tutte insieme" in html
    assert url("held_mailboxes") in carla_client.get(url("outbox")).content.decode()
    assert b"portal_mailboxes_held 6.0" in exposition(timezone.now())
    page = carla_client.get(url("held_mailboxes")).content.decode()
    assert "fa•••@uguale.example" in page
    assert "farmacia0@" not in page


def test_an_operator_confirms_with_a_reason(carla_client, held):
    decide = url("decide_mailboxes", "uguale.example", "conferma")
    assert "6 caselle di uguale.example" in carla_client.get(decide).content.decode()
    carla_client.post(decide, {"motivo": ""})
    assert marked() == 0
    carla_client.post(decide, {"motivo": "il dominio è stato chiuso"})
    assert marked() == 6
    line = Entry.objects.get(verb="mailboxes.confirmed")
    assert (line.detail["domain"], line.detail["letters"]) == ("uguale.example", 6)
    assert "Niente da decidere" in carla_client.get(url("held_mailboxes")).content.decode()


def test_an_operator_dismisses_and_nobody_is_marked(carla_client, held):
    carla_client.post(url("decide_mailboxes", "uguale.example", "rinuncia"), {"motivo": "guasto del server, chiamati"})
    assert marked() == 0
    assert not DeadMailbox.objects.held().exists()
    assert Entry.objects.filter(verb="mailboxes.dismissed").count() == 1


def test_a_decision_that_does_not_exist_is_404(carla_client, held):
    assert carla_client.post(url("decide_mailboxes", "uguale.example", "boh"), {"motivo": "prova"}).status_code == 404


def test_letters_refused_because_of_us_raise_an_alarm(carla_client, san_marco):
    now = timezone.now()
    assert b"portal_mail_refused_for_us 0.0" in exposition(now)
    OutgoingMail.objects.create(
        kind="issued", about="4512", recipient="id@gmail.example", domain="gmail.example", subject="x", message_id="<1@x>",
        created_at=now, next_attempt_at=now, give_up_at=now + timedelta(hours=1), attempts=1,
        last_answer="550 5.7.26 not accepted due to DMARC policy", reason="about-us",
    )  # fmt: skip
    assert b"portal_mail_refused_for_us 1.0" in exposition(now)
    assert "La posta ci viene rifiutata" in carla_client.get(url("status")).content.decode()
    page = carla_client.get(url("outbox")).content.decode()
    assert "Servono correzioni da parte nostra" in page
    ours_page = carla_client.get(f"{url('outbox')}?stato=per-causa-nostra").content.decode()
    assert "il server non accetta messaggi dal portale" in ours_page
    OutgoingMail.objects.get().accept(now, "250 taken")
    assert b"portal_mail_refused_for_us 0.0" in exposition(now)


def test_what_came_back_because_of_us_is_not_said_to_be_tried_again(carla_client, san_marco):
    now = timezone.now()
    for number, failed in enumerate((None, now, now)):
        OutgoingMail.objects.create(
            kind="issued", about="4512", recipient="id@gmail.example", domain="gmail.example", subject="x",
            message_id=f"<{number}@x>", created_at=now, next_attempt_at=now, give_up_at=now + timedelta(hours=1), attempts=1,
            accepted_at=failed, failed_at=failed, returned_at=failed, reason="about-us",
        )  # fmt: skip
    page = carla_client.get(url("status")).content.decode()
    assert "3 messaggi non arrivano" in page
    assert "Uno si riprova da solo. 2 non si riprovano più da soli." in page
    page = carla_client.get(url("outbox")).content.decode()
    assert "1 si riprova da solo finché serve. 2 non si riprovano più da soli." in page


def test_the_staff_send_a_test_letter_with_a_reason(carla_client, certified, san_marco):
    now = timezone.now()
    certified.mark_undeliverable("casella inesistente", now, now)
    assert url("trial", "4512") in carla_client.get(url("pharmacy", "4512")).content.decode()
    carla_client.post(url("trial", "4512"), {"motivo": "la farmacia ha chiamato"})
    assert OutgoingMail.objects.get().kind == "trial"
    assert Entry.objects.get(verb="certification.trial").detail["reason"] == "la farmacia ha chiamato"
    assert carla_client.get(url("trial", "4512")).url == url("pharmacy", "4512")  # too soon
