"""«Prova di nuovo»: a test letter to an address that refused mail, and the marks that its acceptance clears."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from pharmacies.certification import trials
from pharmacies.certification.reachability import clear_marks
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from tests.outbox.sink import Sink

MAIL = "/servizi/4512/sicurezza/gestione-mail/"
TRY = f"{MAIL}prova/"


@pytest.fixture
def marked(certified):
    now = timezone.now()
    certified.mark_undeliverable("casella inesistente", now, now)
    return certified


@pytest.fixture
def sink(settings):
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5
        settings.EMAIL_HOST_USER = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield sink


def test_a_marked_address_gets_a_test_letter_that_clears_it(anna_client, marked, sink, settings):
    settings.EMAIL_OWN_DOMAINS = ["farmaciasanmarco.it"]
    assert "Prova di nuovo" in anna_client.get(MAIL).content.decode()
    assert anna_client.post(TRY).url == MAIL
    assert OutgoingMail.objects.get().kind == "trial"
    assert deliver_due() == 1
    letter = sink.letters[0]
    for part in ("plain", "html"):
        assert "la posta del portale arriva" in letter.get_body((part,)).get_content()
    marked.refresh_from_db()
    assert marked.undeliverable_at is None
    assert Entry.objects.get(verb="certification.trial").detail["address"] == "id•••@farmaciasanmarco.it"
    assert "Prova di nuovo" not in anna_client.get(MAIL).content.decode()


def test_by_a_relay_it_is_cleared_after_a_day_of_silence(anna_client, marked, sink):
    anna_client.post(TRY)
    deliver_due()
    html = anna_client.get(MAIL).content.decode()
    assert "se entro 24 ore non torna indietro" in html
    assert clear_marks(timezone.now() + timedelta(hours=25)) == 1


def test_a_test_letter_that_is_refused_changes_nothing_and_says_so(anna_client, marked, sink):
    sink.at_rcpt[marked.address] = ["550 5.1.1 no such user"]
    anna_client.post(TRY)
    deliver_due()
    marked.refresh_from_db()
    assert marked.undeliverable_at is not None
    assert "Rifiutato: casella inesistente" in anna_client.get(MAIL).content.decode()


def test_one_every_five_minutes_and_six_a_day(anna, marked):
    now = sent = timezone.now()
    assert trials.send(marked, anna, now)
    assert not trials.send(marked, anna, now + trials.PAUSE - timedelta(seconds=1))
    for _ in range(trials.A_DAY - 1):
        sent += trials.PAUSE
        assert trials.send(marked, anna, sent)
    assert not trials.send(marked, anna, sent + timedelta(hours=1))
    assert trials.next_trial_at(marked, sent) == now + timedelta(days=1)
    assert trials.send(marked, anna, now + timedelta(days=1))


def test_the_page_says_when_the_next_may_be_sent(anna_client, marked):
    with time_machine.travel(timezone.now(), tick=False):
        anna_client.post(TRY)
        assert "Potrai provare di nuovo" in anna_client.get(MAIL).content.decode()
        anna_client.post(TRY)
    assert OutgoingMail.objects.count() == 1


def test_an_address_that_works_needs_no_test(anna_client, certified):
    assert anna_client.post(TRY).url == MAIL
    assert not OutgoingMail.objects.exists()


def test_a_stranger_and_a_look_send_nothing(client, bruno_client, anna_client, marked):
    assert bruno_client.post(TRY).status_code == 404
    assert anna_client.get(TRY).status_code == 405
    assert client.post(TRY).status_code == 302
    assert not OutgoingMail.objects.exists()
