"""The page where a person chooses an identity provider, and the logout."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import sign_in
from tests.identity import door

pytestmark = pytest.mark.django_db

CHOOSE = "/accesso/"


def test_the_three_ways_in_are_three_buttons(client):
    page = client.get(CHOOSE).content.decode()
    for label in ("Entra con SPID", "Entra con CIE", "Entra con TS-CNS"):
        assert label in page
    assert page.count("<h1") == 1


def test_the_page_says_that_the_credentials_of_the_gestionale_are_not_for_here(client):
    page = client.get(CHOOSE).content.decode()
    assert "Utente, password e pincode del gestionale" in page
    assert "la procedura non ammette" in page
    assert 'type="password"' not in page


def test_the_utenza_of_the_gestionale_opens_neither_door(client, utenza):
    """The procedure forbids a login with the utenza's password: no page of the portal accepts it."""
    credentials = {"username": utenza.user_id, "password": "SALVE"}
    assert client.post(CHOOSE, credentials).status_code == 405
    response = client.post(reverse("identity:staff_login"), credentials)
    assert "Nome utente o password non corretti" in response.content.decode()
    assert not door.signed_in(client)


def test_every_button_carries_the_page_that_was_wanted(client):
    page = client.get(CHOOSE, {"next": "/servizi/4512/"}).content.decode()
    assert page.count('name="next" value="/servizi/4512/"') == 3


def test_a_page_outside_the_portal_is_not_carried(client):
    assert "example.org" not in client.get(CHOOSE, {"next": "https://example.org/"}).content.decode()


def test_who_is_already_inside_goes_on(anna_client):
    response = anna_client.get(CHOOSE, {"next": "/servizi/4512/"})
    assert (response.status_code, response["Location"]) == (302, "/servizi/4512/")


def test_who_must_show_the_identity_again_reads_why(anna_client):
    response = anna_client.get(CHOOSE, {"next": "/servizi/4512/", "di-nuovo": "1"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "10 minuti" in page
    assert "Anna Rossi" in page
    assert page.count('value="/servizi/4512/"') == 3


def test_who_is_not_the_titolare_is_told_what_to_do(client):
    assert reverse("pages:information", args=["delega"]) in client.get(CHOOSE).content.decode()


def test_the_page_is_never_cached(client):
    assert "no-store" in client.get(CHOOSE)["Cache-Control"]


# --- logout


def test_going_out_leaves_nothing_behind(anna_client):
    key = anna_client.session.session_key
    response = anna_client.post("/uscita/", follow=True)
    assert "Il collegamento al portale è chiuso" in response.content.decode()
    assert not door.signed_in(anna_client)
    assert not anna_client.session.exists(key)


def test_going_out_needs_a_post(anna_client):
    page = anna_client.get("/uscita/").content.decode()
    assert "Vuoi uscire?" in page
    assert door.signed_in(anna_client)


def test_nobody_can_be_sent_out_from_another_site(anna):
    strict = sign_in(Client(enforce_csrf_checks=True), anna)
    assert strict.post("/uscita/").status_code == 403
    assert door.signed_in(strict)
