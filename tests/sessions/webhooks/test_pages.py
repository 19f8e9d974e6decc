"""«Avvisi al gestionale»: connect, test, list, retry, disconnect."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pharmacies.models import Office
from portal.journal.models import Entry
from portal.secrets.sealing import unseal
from sessions.models import Webhook, WebhookCall
from sessions.preferences import webhook_life
from sessions.webhooks import events
from sessions.webhooks.calls import call_due
from tests.conftest import DARIO, sign_in
from tests.sessions.ids.test_manage_page import text

PANEL = "/servizi/4512/avvisi/gestionale/"


def connect(client: Client, url: str) -> str:
    """The secret shown on the page."""
    html = client.post(f"{PANEL}collega/", {"indirizzo": url}, follow=True).content.decode()
    return re.search(r"whsec_[A-Za-z0-9+/=]+", html)[0]


def test_connecting_shows_the_secret_once_and_keeps_it_sealed(anna_client, certified, gestionale) -> None:
    secret = connect(anna_client, gestionale.url)
    webhook = Webhook.objects.get()
    assert unseal(webhook.sealed_secret).decode() == secret
    again = text(anna_client.get(f"{PANEL}chiave/").content.decode())
    assert "La chiave è già stata mostrata" in again
    assert secret not in again
    page = text(anna_client.get(PANEL).content.decode())
    assert "Gestionale collegato" in page
    assert gestionale.url in page
    assert secret not in page
    assert "whsec_" not in str(list(Entry.objects.values()))


def test_a_trial_is_seen_in_the_log(anna_client, certified, gestionale) -> None:
    connect(anna_client, gestionale.url)
    page = text(anna_client.post(f"{PANEL}prova/", follow=True).content.decode())
    assert "Prova inviata" in page
    assert "In attesa" in page
    call_due(timezone.now())
    page = text(anna_client.get(PANEL).content.decode())
    assert "Ricevuto Risponde 200" in page


def test_trials_that_still_wait_are_not_piled_up(anna_client, certified, gestionale) -> None:
    connect(anna_client, gestionale.url)
    for _ in range(5):
        page = anna_client.post(f"{PANEL}prova/", follow=True).content.decode()
    assert "Altre prove aspettano" in page
    assert WebhookCall.objects.count() == 3


def test_a_call_that_was_given_up_can_be_tried_again(anna_client, certified, gestionale) -> None:
    connect(anna_client, gestionale.url)
    past = timezone.now() - timedelta(hours=1)
    gestionale.status = 503
    call = events.test(Webhook.objects.get(), past)
    call_due(past)
    call_due(timezone.now())
    assert "Non consegnato" in text(anna_client.get(PANEL).content.decode())
    gestionale.status = 200
    page = text(anna_client.post(f"{PANEL}{call.pk}/riprova/", follow=True).content.decode())
    assert "Riproviamo subito" in page
    call_due(timezone.now())
    assert len(gestionale.heard) == 2
    page = text(anna_client.post(f"{PANEL}{call.pk}/riprova/", follow=True).content.decode())
    assert "non si può ripetere" in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Scrivi l’indirizzo che ti ha dato chi cura il gestionale"),
        ("http://gestionale.example.it/", "deve cominciare con https://"),
        ("https://192.168.1.10/avvisi", "Serve il nome pubblico del server"),
        ("https://gestionale.example.it:8080/", "solo la porta 443 oppure la 8443"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_with_a_sentence(typed, sentence, anna_client, certified) -> None:
    html = anna_client.post(f"{PANEL}collega/", {"indirizzo": typed}).content.decode()
    assert "<title>Errore: " in html
    assert sentence in html
    assert not Webhook.objects.exists()


def test_a_new_secret_takes_the_place_of_the_old(anna_client, certified, gestionale) -> None:
    old = connect(anna_client, gestionale.url)
    assert "tutte e due le chiavi" in anna_client.get(f"{PANEL}nuova-chiave/").content.decode()
    html = anna_client.post(f"{PANEL}nuova-chiave/", follow=True).content.decode()
    new = re.search(r"whsec_[A-Za-z0-9+/=]+", html)[0]
    assert new != old
    assert unseal(Webhook.objects.get().sealed_secret).decode() == new


def test_disconnecting_asks_first(anna_client, certified, gestionale) -> None:
    connect(anna_client, gestionale.url)
    assert "Vuoi scollegare il gestionale?" in anna_client.get(f"{PANEL}scollega/").content.decode()
    assert Webhook.objects.open().exists()
    page = text(anna_client.post(f"{PANEL}scollega/", follow=True).content.decode())
    assert "Nessun gestionale collegato" in page
    assert anna_client.get(f"{PANEL}scollega/").status_code == 404


def test_another_address_takes_the_place_of_the_first(anna_client, certified, gestionale) -> None:
    connect(anna_client, gestionale.url)
    assert "già collegato" in anna_client.get(f"{PANEL}collega/").content.decode()
    connect(anna_client, gestionale.url)
    assert (Webhook.objects.count(), Webhook.objects.open().count()) == (2, 1)


def test_secrets_ask_for_the_identity_again(anna, certified, gestionale) -> None:
    stale = sign_in(Client(), anna, at=timezone.now() - timedelta(hours=1))
    answer = stale.post(f"{PANEL}collega/", {"indirizzo": gestionale.url})
    assert answer.status_code == 302
    assert "/accesso/" in answer.url
    assert not Webhook.objects.exists()


PLACES = ["", "collega/", "chiave/", "nuova-chiave/", "scollega/", "prova/", "1/riprova/"]


@pytest.mark.parametrize("place", PLACES)
def test_a_stranger_finds_nothing_and_a_delegate_is_told_why_not(place, dario, anna, san_marco, gestionale) -> None:
    webhook, _ = webhook_life.open_at(san_marco, gestionale.url, anna, timezone.now())
    call = events.test(webhook, timezone.now())
    address = f"{PANEL}{place}".replace("/1/", f"/{call.pk}/")
    stranger = sign_in(Client(), dario)
    assert stranger.get(address).status_code in (404, 405)
    assert stranger.post(address, {"indirizzo": gestionale.url}).status_code in (404, 405)
    since = timezone.now() - timedelta(days=1)
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role="delegate", since=since)
    assert stranger.post(address, {"indirizzo": gestionale.url}).status_code in (403, 405)
    assert Webhook.objects.open().get() == webhook


def test_a_call_of_another_pharmacy_cannot_be_touched(anna_client, certified, bruno, al_redentore, gestionale) -> None:
    connect(anna_client, gestionale.url)
    bruno_webhook, _ = webhook_life.open_at(al_redentore, gestionale.url, bruno, timezone.now())
    call = events.test(bruno_webhook, timezone.now())
    assert anna_client.post(f"{PANEL}{call.pk}/riprova/").status_code == 404


def test_trials_are_limited_by_the_hour_even_when_each_is_answered(anna_client, certified, gestionale) -> None:
    connect(anna_client, gestionale.url)
    for _ in range(12):
        page = anna_client.post(f"{PANEL}prova/", follow=True).content.decode()
        call_due(timezone.now())
    assert "ne hai già fatte 10 nell’ultima ora" in page
    assert WebhookCall.objects.count() == 10
