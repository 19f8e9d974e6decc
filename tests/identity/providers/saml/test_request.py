"""The AuthnRequest: its form, its signature, by Redirect or POST; and the providers it may go to."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import etree

from portal.identity.models import LOGINS, LoginRecord, LoginTransaction
from portal.identity.providers.saml import documents, signing
from portal.identity.providers.saml.names import POST, RSA_SHA256, saml, samlp
from tests.conftest import ANNA
from tests.identity.providers.saml import forge


def test_the_question_asks_for_a_new_authentication_at_level_2_or_above(captured):
    question = documents.validate(captured.request, "protocol")
    assert question.tag == samlp("AuthnRequest")
    assert question.get("ForceAuthn") == "true"
    assert question.get("Destination") == "https://alfa.example/accedi"
    assert "IsPassive" not in question.attrib
    context = question.find(samlp("RequestedAuthnContext"))
    assert context.get("Comparison") == "minimum"
    assert context.findtext(saml("AuthnContextClassRef")) == "https://www.spid.gov.it/SpidL2"


def test_the_query_is_signed_with_our_key(client, alfa):
    location = client.post(reverse("identity:start", args=["spid"]), {"gestore": alfa.entity_id})["Location"]
    query, _, signature = urlsplit(location).query.partition("&Signature=")
    assert f"SigAlg={RSA_SHA256.replace(':', '%3A').replace('/', '%2F').replace('#', '%23')}" in query
    raw = signature.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")
    ours = [forge.pair("portale").certificate]
    assert signing.query_is_signed(query, raw, ours)
    assert not signing.query_is_signed(query + "x", raw, ours)
    assert not signing.query_is_signed(query, raw, [alfa.pair.certificate])


def test_a_provider_that_takes_only_post_gets_a_signed_form(client, settings):
    gamma = forge.registered(settings.IDENTITY_METADATA, "gamma", binding=POST)
    response = client.post(reverse("identity:start", args=["spid"]), {"gestore": gamma.entity_id})
    page = response.content.decode()
    assert 'method="post" action="https://gamma.example/accedi"' in page
    assert "form-action 'self' https://gamma.example" in response["Content-Security-Policy"]
    question = etree.fromstring(base64.b64decode(re.search(r'name="SAMLRequest" value="([^"]+)"', page)[1]))
    covered = signing.verified(question, [forge.pair("portale").certificate], timezone.now())
    assert covered.get("ID") == LoginTransaction.objects.get().request_id
    documents.validate(question, "protocol")


# --- the stored record


def test_the_signed_address_is_kept_byte_for_byte(client, alfa):
    sent = client.post(reverse("identity:start", args=["spid"]), {"gestore": alfa.entity_id})["Location"]
    state = parse_qs(urlsplit(sent).query)["RelayState"][0]
    client.post(reverse("identity:answer", args=["spid"]), {"RelayState": state, "SAMLResponse": "x"})
    assert LoginRecord.objects.get().request.decode() == sent


def test_the_signed_form_is_kept_byte_for_byte(client, settings):
    gamma = forge.registered(settings.IDENTITY_METADATA, "gamma", binding=POST)
    page = client.post(reverse("identity:start", args=["spid"]), {"gestore": gamma.entity_id}).content.decode()
    sent, state = (re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("SAMLRequest", "RelayState"))
    client.post(reverse("identity:answer", args=["spid"]), {"RelayState": state, "SAMLResponse": "x"})
    assert LoginRecord.objects.get().request == base64.b64decode(sent)


def test_the_record_is_found_by_what_the_provider_called_the_person(captured):
    captured.accepted(captured.signed(name_id="_chi"))
    record = LoginRecord.objects.get()
    assert list(LoginRecord.objects.of_subject("https://alfa.example _chi")) == [record]
    assert not LoginRecord.objects.of_subject("https://beta.example _chi").exists()
    LOGINS.seal(timezone.now())
    assert LOGINS.verify(timezone.now()).holds
    LoginRecord.objects.update(subject_hash="")
    assert not LOGINS.verify(timezone.now()).holds


def test_sicurezza_reads_the_request_inside_the_address(captured, operator):
    captured.accepted(captured.signed())
    page = operator("sicurezza").post("/operatori/accessi/", {"codice_fiscale": ANNA, "motivo": "Richiesta 12/2026"})
    assert "&lt;samlp:AuthnRequest" in page.content.decode()
    assert "SigAlg=" in page.content.decode()


def test_the_pages_with_the_buttons_may_leave_for_the_providers_and_for_nobody_else(client, alfa, beta):
    policy = client.get(reverse("identity:choose"))["Content-Security-Policy"]
    assert set(re.search(r"form-action ([^;]+)", policy)[1].split()) == {
        "'self'", "https://alfa.example", "https://beta.example",
    }  # fmt: skip
    refused = client.post(reverse("identity:answer", args=["spid"]))
    assert "https://alfa.example" in refused["Content-Security-Policy"]


def test_no_question_is_like_another(client, alfa):
    first, second = forge.ask(client, alfa), forge.ask(client, alfa)
    assert first.request.get("ID") != second.request.get("ID")
    assert first.state != second.state


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "", "https://alfa.example/accedi"])
def test_only_a_loaded_provider_is_asked(client, alfa, beta, elsewhere):
    response = client.post(reverse("identity:start", args=["spid"]), {"gestore": elsewhere, "next": "/servizi/"})
    assert response.status_code == 400
    assert "Scegli il tuo gestore" in response.content.decode()


def test_a_provider_of_cie_is_not_one_of_spid(client, settings, alfa):
    ministry = forge.registered(settings.IDENTITY_METADATA, "ministero", "cie")
    response = client.post(reverse("identity:start", args=["spid"]), {"gestore": ministry.entity_id})
    assert response.status_code == 400


def test_the_only_provider_needs_no_choosing(settings, db):
    forge.registered(settings.IDENTITY_METADATA, "ministero", "cie")
    response = Client().post(reverse("identity:start", args=["cie"]))
    assert response["Location"].startswith("https://ministero.example/accedi?SAMLRequest=")


def test_where_nobody_is_loaded_there_is_a_page_that_says_so(client):
    assert client.post(reverse("identity:start", args=["spid"])).status_code == 400
