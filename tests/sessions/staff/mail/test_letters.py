"""The staff retry or stop a letter: with a preview, a reason and a line in the journal."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from pharmacies.certification import letters
from portal.journal.models import Entry
from portal.outbox.models import Bounce, MailDomain, OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from tests.outbox.conftest import sink  # noqa: F401  the fixture
from tests.sessions.staff.conftest import NOW, STATUS, certification_of, words

BOX, WHY = "idsessione@farmaciasanmarco.it", "il relay rifiutava tutto per errore"
PAGE = f"{STATUS}4512/"


@pytest.fixture
def letter(san_marco) -> OutgoingMail:
    """A letter that waits to leave for Anna's pharmacy."""
    with transaction.atomic():
        letters.certified(certification_of(san_marco, BOX), NOW)
    return OutgoingMail.objects.get()


@pytest.fixture
def refused(letter, sink) -> OutgoingMail:  # noqa: F811
    sink.at_rcpt[BOX] = ["550 5.1.1"]
    deliver_due(NOW)
    letter.refresh_from_db()
    assert letter.failed_at
    return letter


def url(name: str, letter: OutgoingMail) -> str:
    return reverse(f"staff:{name}", args=["4512", letter.pk])


def text(response) -> str:
    return words(response.content.decode())


def test_a_refused_letter_leaves_again_with_a_reason(operator, refused, sink):  # noqa: F811
    desk = operator("assistenza")
    assert "Riprova" in text(desk.get(PAGE))
    confirmation = text(desk.get(url("retry_letter", refused)))
    assert "Vuoi riprovare l’invio a id•••@farmaciasanmarco.it?" in confirmation
    assert "rifiutato: casella inesistente" in confirmation
    assert "riparte adesso" in text(desk.post(url("retry_letter", refused), {"motivo": WHY}, follow=True))
    assert (
        Entry.objects.exclude(verb="staff.looked").get().sentence
        == f"ha fatto ripartire un messaggio (indirizzo certificato): {WHY}"
    )
    assert deliver_due(NOW) == 1
    assert sink.count_by_message_id == {refused.message_id: 1}


def test_trying_again_ends_the_rest_of_the_domain(operator, letter):
    MailDomain.objects.create(name="farmaciasanmarco.it", refusals=5, rests_until=NOW + timedelta(minutes=9))
    operator("assistenza").post(url("retry_letter", letter), {"motivo": WHY})
    assert not MailDomain.objects.failing(NOW).exists()


def test_a_letter_that_waits_is_stopped_with_a_reason(operator, letter):
    desk = operator("assistenza")
    assert "Annulla l’invio" in text(desk.get(PAGE))
    assert "Non parte più" in text(desk.get(url("cancel_letter", letter)))
    assert "non parte più" in text(desk.post(url("cancel_letter", letter), {"motivo": WHY}, follow=True))
    assert not OutgoingMail.objects.due(NOW).exists()
    assert (
        Entry.objects.exclude(verb="staff.looked").get().sentence
        == f"ha annullato l’invio di un messaggio (indirizzo certificato): {WHY}"
    )


@pytest.mark.parametrize("name", ["retry_letter", "cancel_letter"])
def test_without_a_reason_nothing_happens(operator, letter, name):
    before = OutgoingMail.objects.values().get()
    assert "Scrivi il motivo" in text(operator("assistenza").post(url(name, letter), {"motivo": " "}))
    assert OutgoingMail.objects.values().get() == before
    assert not Entry.objects.exists()


@pytest.mark.parametrize("name", ["retry_letter", "cancel_letter"])
def test_who_only_looks_or_only_blocks_does_neither(operator, letter, name):
    for role in ("lettura", "sicurezza", "amministrazione"):
        desk = operator(role)
        assert desk.post(url(name, letter), {"motivo": WHY}).status_code == 403
        assert "Riprova" not in text(desk.get(PAGE))


@pytest.mark.parametrize("name", ["retry_letter", "cancel_letter"])
def test_the_letter_of_another_pharmacy_is_not_there(operator, letter, al_redentore, name):
    address = reverse(f"staff:{name}", args=["1877", letter.pk])
    assert operator("assistenza").post(address, {"motivo": WHY}).status_code == 404


@pytest.mark.parametrize("name", ["retry_letter", "cancel_letter"])
def test_what_has_left_is_neither_tried_again_nor_stopped(operator, letter, sink, name):  # noqa: F811
    deliver_due(NOW)
    desk = operator("assistenza")
    assert desk.get(url(name, letter)).status_code == 302
    assert "non si può riprovare" in text(desk.get(url("retry_letter", letter), follow=True))
    assert desk.post(url(name, letter), {"motivo": WHY}).status_code == 302
    assert not Entry.objects.exclude(verb="staff.looked").exists()
    assert len(sink.letters) == 1


def test_the_staff_see_the_whole_way_of_a_letter_and_the_last_answer(operator, refused):
    page = text(operator("lettura").get(PAGE))
    assert "Preparato 14:32:10 · Rifiutato: casella inesistente 14:32:10" in page
    assert "Risposta: 550 5.1.1" in page
    assert BOX not in page


def test_the_staff_see_the_reports_that_came_back(operator, letter):
    Bounce.objects.create(
        letter=letter, at=NOW, action="delayed", status="4.4.1", answer="450 4.4.1 timed out", report="0" * 64
    )
    page = text(operator("lettura").get(PAGE))
    assert "Tornato un rapporto oggi 14:32 (in ritardo, 4.4.1): il server del destinatario non risponde" in page
