"""The stub providers' pages: a design of their own, always marked as a trial, never passing for a real provider."""

import pytest
from django.test import Client
from django.urls import reverse
from lxml import etree

from portal.demo.identity import envelopes
from portal.demo.people import PEOPLE
from portal.identity.providers.saml.names import RSA_SHA256
from tests.identity import door

pytestmark = pytest.mark.django_db

METHODS = ["spid", "cie", "ts-cns"]
REAL_PROVIDERS = [
    "Aruba",
    "Poste",
    "InfoCert",
    "Infocert",
    "Lepida",
    "Namirial",
    "Sielte",
    "TIM",
    "Register",
    "TeamSystem",
]


@pytest.mark.parametrize("method", METHODS)
def test_every_page_of_a_stub_is_marked_as_a_trial_and_not_for_search_engines(client, method):
    page = door.go_to_provider(client, method)
    for response in (client.get(page), client.post(page, door.choices(method)), client.get(page.split("?")[0])):
        assert "AMBIENTE DI PROVA" in response.content.decode()
        assert "noindex" in response["X-Robots-Tag"]
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("method", METHODS)
def test_a_stub_lists_the_invented_people_and_the_ways_it_may_end(client, method):
    page = client.get(door.go_to_provider(client, method)).content.decode()
    for person in PEOPLE:
        assert person.family_name in page
    for code in ("ok", "25", "21", "19", "23"):
        assert f'name="esito" value="{code}"' in page


def test_the_providers_of_the_stub_are_twelve_and_none_is_real(client):
    page = client.get(door.go_to_provider(client)).content.decode()
    assert page.split('name="gestore"')[1].split("</select>")[0].count("<option") == 12
    assert not [name for name in REAL_PROVIDERS if name in page]


def test_the_providers_of_the_stub_change_order(client):
    page = door.go_to_provider(client)
    orders = {client.get(page).content.decode().split("<select")[1].split("</select>")[0] for _ in range(8)}
    assert len(orders) > 1


@pytest.mark.parametrize("method", METHODS)
def test_the_stubs_do_not_look_like_the_portal(client, method):
    page = client.get(door.go_to_provider(client, method)).content.decode()
    assert "portale.css" not in page
    assert "bootstrap" not in page


def test_the_answer_travels_in_a_form_and_never_in_an_address(client):
    page = door.go_to_provider(client)
    response = client.post(page, door.choices())
    assert response.status_code == 200
    assert f'method="post" action="{door.answer_url()}"' in response.content.decode()


def test_a_refusal_carries_no_data_of_the_person(client):
    said = etree.tostring(door.document(door.begin(client, esito="22"))).decode()
    assert "ErrorCode nr22" in said
    assert "Assertion" not in said.replace("AssertionConsumerService", "")
    claims = envelopes.verified("ts-cns", door.begin(client, "ts-cns", esito="25")["risposta"])
    assert claims["outcome"] == "25"
    assert not {"fiscal_number", "given_name", "family_name", "level"} & set(claims)


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("ts-cns", ""), ("ts-cns", "?richiesta="), ("ts-cns", "?richiesta=abc"), ("ts-cns", "?richiesta=a:b:c"),
        ("spid", ""), ("spid", "?SAMLRequest=&RelayState=x"), ("cie", f"?SAMLRequest=%01&SigAlg={RSA_SHA256}&Signature=€"),
        ("spid", f"?SAMLRequest=abc&RelayState=x&SigAlg={RSA_SHA256}&Signature=abcd"),
    ],
)  # fmt: skip
def test_a_stub_answers_only_requests_that_the_portal_signed(client, method, query):
    response = client.get(reverse("demo:identity_provider", args=[method]) + query)
    assert response.status_code == 400
    assert "Torna al portale" in response.content.decode()


def test_a_request_to_one_stub_is_not_good_for_another(client):
    query = door.go_to_provider(client).split("?")[1]
    assert client.get(reverse("demo:identity_provider", args=["cie"]) + "?" + query).status_code == 400


def test_the_stub_shows_which_purpose_the_portal_asks_for(client, settings):
    settings.SPID_PROFESSIONAL, settings.SPID_PURPOSE = True, "PG"
    page = client.post(reverse("identity:start_professional", args=["spid"]))["Location"]
    shown = client.get(page).content.decode()
    assert "uso professionale</strong> (Purpose <code>PG</code>)" in shown
    assert "&lt;spid:Purpose&gt;PG&lt;/spid:Purpose&gt;" in shown
    assert "Uso la mia identità personale (30)" in shown
    ordinary = client.get(door.go_to_provider(client)).content.decode()
    assert "Purpose" not in ordinary
    assert "Uso un’identità per uso professionale (30)" in ordinary


def test_the_second_button_leads_through_the_stub_and_in(client, settings):
    settings.SPID_PROFESSIONAL = True
    page = client.post(reverse("identity:start_professional", args=["spid"]), {"next": "/servizi/"})["Location"]
    response = client.post(door.answer_url(), door.answer_of(client, page))
    assert (response.status_code, response["Location"]) == (302, "/servizi/")
    assert door.signed_in(client)


def test_the_stub_can_answer_30_at_both_buttons(client, settings):
    settings.SPID_PROFESSIONAL = True
    page = client.post(reverse("identity:start_professional", args=["spid"]))["Location"]
    refused = client.post(door.answer_url(), door.answer_of(client, page, esito="30")).content.decode()
    assert "Questa identità non è per uso professionale" in refused
    assert "premi qui sotto «Entra con SPID per uso professionale»" in door.enter(client, esito="30").content.decode()


def test_there_is_no_fourth_stub(client):
    assert client.get(reverse("demo:identity_provider", args=["eidas"])).status_code == 404


def test_nobody_chosen_is_said_and_what_was_chosen_is_kept(client):
    page = client.post(
        door.go_to_provider(client), {"gestore": "Sigillo", "livello": "3", "esito": "25"}
    ).content.decode()
    assert "<title>Errore: " in page
    assert '<option value="Sigillo" selected' in page
    assert page.count("checked") == 2


def test_a_person_written_by_hand_needs_a_well_formed_codice_fiscale(client):
    chosen = door.choices(persona="altro", codice_fiscale="RSSMRA80A01H501Z", nome="Mario", cognome="")
    page = client.post(door.go_to_provider(client), chosen).content.decode()
    assert "codice fiscale ben formato" in page
    assert "Scrivi il cognome" in page


def test_the_stubs_page_is_protected_from_other_sites(client):
    page = door.go_to_provider(client)
    assert Client(enforce_csrf_checks=True).post(page, door.choices()).status_code == 403


def test_a_name_with_markup_stays_text(client):
    chosen = door.choices(persona="altro", codice_fiscale="VRDDRA82C03L219M", nome="<b>Ivo", cognome="Verdi")
    page = client.post(door.go_to_provider(client), chosen).content.decode()
    assert "<b>Ivo" not in page
    assert "&lt;b&gt;Ivo" in page
