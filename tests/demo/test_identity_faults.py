"""Faulty responses of the stub: the portal refuses each for its own reason; and the pages that show them."""

import html

import pytest
from django.test import Client
from django.urls import reverse

from portal.demo.identity import saml_desk
from portal.demo.identity.faults import FAULTS
from portal.identity.models import LoginRecord, User
from portal.identity.providers.saml import entities
from tests.identity import door

pytestmark = pytest.mark.django_db

OUTCOMES = {
    "firma": "signature", "destinatario": "not-for-us", "emittente": "not-asked", "scaduta": "answer-expired",
    "avanti": "answer-expired", "indietro": "stale", "senza-codice": "no-codice-fiscale", "livello": "20",
}  # fmt: skip


def test_every_fault_of_the_drawer_is_tried_here():
    assert {fault.key for fault in FAULTS} == {*OUTCOMES, "ripetuta"}


@pytest.mark.parametrize("method", ["spid", "cie"])
@pytest.mark.parametrize(("fault", "outcome"), OUTCOMES.items())
def test_a_faulty_answer_is_refused_for_its_own_reason(client, method, fault, outcome):
    response = door.enter(client, method, difetto=fault)
    assert response.status_code in (400, 403)
    assert LoginRecord.objects.get().outcome == outcome
    assert not User.objects.exists()


def test_an_answer_about_a_company_is_refused_with_its_own_sentence(client):
    assert "non di una persona" in door.enter(client, difetto="impresa").content.decode()
    assert LoginRecord.objects.get().outcome == "legal-person"
    assert "impresa" not in client.get(door.go_to_provider(client, "cie")).content.decode()


def test_an_answer_sent_twice_works_once(client):
    page = door.go_to_provider(client)
    shown = client.post(page, door.choices(difetto="ripetuta")).content.decode()
    assert 'target="_blank"' in shown
    assert "premilo due volte" in shown
    fields = door.answer_of(client, page, difetto="ripetuta")
    assert [client.post(door.answer_url(), fields).status_code for _ in range(2)] == [302, 400]


def test_a_right_answer_says_nothing_of_faults(client):
    page = client.post(door.go_to_provider(client), door.choices()).content.decode()
    assert "difettosa" not in page
    assert "_blank" not in page


def test_the_request_and_the_answer_can_be_read(client):
    page = door.go_to_provider(client)
    assert "&lt;samlp:AuthnRequest" in client.get(page).content.decode()
    shown = html.unescape(client.post(page, door.choices()).content.decode())
    assert "<samlp:Response" in shown
    assert 'ForceAuthn="true"' in shown
    assert "TINIT-RSSNNA80A41H501L</saml:AttributeValue>" in shown


@pytest.mark.parametrize("method", ["spid", "cie"])
def test_a_stub_publishes_its_metadata_as_a_real_provider_does(client, method):
    response = client.get(reverse("demo:identity_provider_metadata", args=[method]))
    (read,) = entities.read(response.content)
    assert read == saml_desk.provider(method)
    assert "noindex" in response["X-Robots-Tag"]


def test_the_stub_of_the_ts_cns_speaks_no_saml(client):
    assert client.get(reverse("demo:identity_provider_metadata", args=["ts-cns"])).status_code == 404


def test_the_keys_of_the_stubs_are_their_owners_only():
    saml_desk.key_of("spid")
    assert saml_desk.key_of("spid") != saml_desk.key_of("cie")
    kept = saml_desk.settings.VAR_DIR / "saml" / "gestore-spid.pem"
    assert kept.stat().st_mode & 0o077 == 0


def test_who_opened_the_portal_under_another_name_of_this_machine_stays_there():
    """The stub's address has no host while it runs on the portal's own site: cookies belong to the host name in use."""
    client = Client(SERVER_NAME="localhost")
    assert door.go_to_provider(client).startswith("/prova/identita/spid/?SAMLRequest=")
    assert door.enter(client).status_code == 302


def test_a_stub_on_another_site_gets_the_browser_there_and_sends_it_back(client, settings):
    settings.STUB_IDENTITY_URL = "https://127.0.0.1:8444"
    page = door.go_to_provider(client)
    assert page.startswith("https://127.0.0.1:8444/prova/identita/spid/?SAMLRequest=")
    policy = client.get(reverse("identity:choose"))["Content-Security-Policy"]
    assert "form-action 'self' https://127.0.0.1:8444" in policy
    answer = client.post(page, door.choices())
    assert f'action="{settings.PORTAL_URL}{door.answer_url()}"' in answer.content.decode()
    assert f"form-action 'self' {settings.PORTAL_URL}" in answer["Content-Security-Policy"]


def test_a_person_with_a_control_character_in_the_name_is_asked_again(client):
    chosen = door.choices(persona="altro", codice_fiscale="VRDDRA82C03L219M", nome="I\x01vo", cognome="Verdi")
    assert "Scrivi il nome" in client.post(door.go_to_provider(client), chosen).content.decode()
