"""Error pages: the event, the next step, a link; never internal details."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_a_page_that_is_not_there_shows_two_ways_on(client):
    answer = client.get("/nulla/")
    text = answer.content.decode()
    assert answer.status_code == 404
    assert "Pagina non trovata" in text
    assert 'href="/"' in text
    assert 'href="/informazioni/mappa/"' in text


@pytest.mark.django_db
def test_a_page_that_is_not_there_does_not_repeat_the_address(client):
    assert "parola-strana" not in client.get("/parola-strana/").content.decode()


def test_a_forbidden_page_says_why(dario_client):
    answer = dario_client.get("/operatori/stato-sessioni/")
    assert answer.status_code == 403
    assert "Questa pagina è riservata agli operatori." in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.urls("tests.web.crashing_urls")
def test_a_crash_is_said_in_plain_words_without_what_broke():
    answer = Client(raise_request_exception=False).get("/rotto/")
    text = answer.content.decode()
    assert answer.status_code == 500
    assert "Qualcosa non ha funzionato" in text
    assert "secret" not in text


@pytest.mark.urls("tests.web.crashing_urls")
def test_the_page_of_a_crash_asks_nothing_of_the_database():
    # no django_db mark: a query would fail, as it does when the database is down
    browser = Client(raise_request_exception=False)
    browser.cookies["sessionid"] = "of somebody"
    answer = browser.get("/rotto/")
    assert answer.status_code == 500
    assert "Qualcosa non ha funzionato" in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_did_nothing_and_says_so():
    answer = Client(enforce_csrf_checks=True).post("/informazioni/assistenza/")
    assert answer.status_code == 403
    assert "Per sicurezza non abbiamo registrato nulla" in answer.content.decode()


@pytest.mark.django_db
def test_a_request_for_another_site_is_refused_in_words(client):
    answer = client.get("/informazioni/assistenza/", headers={"host": "altrove.example"})
    assert answer.status_code == 400
    assert "Non abbiamo capito la richiesta" in answer.content.decode()
    assert "altrove" not in answer.content.decode()
