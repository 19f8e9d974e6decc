"""CIE by OpenID Connect through the stub: chooser, provider, token request, portal; and the stub's own checks."""

import html
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from portal.demo.identity import openid_desk
from portal.demo.identity.forms import OUTCOMES
from portal.demo.identity.openid_faults import FAULTS
from portal.identity.models import LoginRecord, User
from portal.identity.providers.oidc import jose
from portal.identity.providers.oidc.answer import JWT_BEARER
from portal.identity.providers.oidc.request import verifier_of
from tests.conftest import ANNA
from tests.identity.providers.oidc import door

pytestmark = pytest.mark.django_db

REFUSED = {
    "firma": "signature", "algoritmo": "signature", "destinatario": "not-for-us", "emittente": "not-asked",
    "nonce": "unsolicited", "impronta": "signature", "scaduta": "answer-expired", "avanti": "answer-expired",
    "indietro": "stale", "soggetto": "signature", "chiaro": "signature", "senza-codice": "no-codice-fiscale",
    "livello": "20", "muto": "unavailable",
}  # fmt: skip
ENDED = {
    "access_denied": "access-denied", "consent_required": "22", "login_required": "login-required",
    "temporarily_unavailable": "unavailable", "invalid_request": "wrong-request",
}  # fmt: skip


def test_a_person_comes_in(client):
    response = door.enter(client, next_url="/servizi/4512/sicurezza/")
    assert response.status_code == 302
    assert response["Location"] == "/servizi/4512/sicurezza/"
    assert client.session["identity_with"] == "CIE livello 2"
    assert User.objects.get().codice_fiscale == ANNA


def test_what_travels_with_the_browser_says_nothing_of_the_person(client):
    fields = door.begin(client)
    assert set(fields) == {"code", "state", "iss"}
    assert "RSSNNA" not in str(fields)
    page = door.go_to_provider(client)
    assert "RSSNNA" not in page


def test_every_fault_and_every_outcome_is_tried_here():
    assert {fault.key for fault in FAULTS} == {*REFUSED, "ripetuta"}
    assert {key for key, _ in OUTCOMES["cie-oidc"]} == {*ENDED, "ok"}


@pytest.mark.parametrize(("fault", "outcome"), REFUSED.items())
def test_a_faulty_answer_is_refused_for_its_own_reason(client, fault, outcome):
    assert door.enter(client, difetto=fault).status_code in (400, 403)
    assert LoginRecord.objects.get().outcome == outcome
    assert not User.objects.exists()


@pytest.mark.parametrize(("ending", "outcome"), ENDED.items())
def test_an_outcome_of_the_provider_has_its_page(client, ending, outcome):
    assert door.enter(client, esito=ending).status_code == 403
    assert LoginRecord.objects.get().outcome == outcome


def test_an_answer_sent_twice_works_once(client):
    fields = door.begin(client, difetto="ripetuta")
    assert [door.bring(client, fields).status_code for _ in range(2)] == [302, 400]


def test_the_request_and_the_answer_can_be_read(client):
    page = door.go_to_provider(client)
    shown = html.unescape(client.get(page).content.decode())
    assert '"prompt": "consent login"' in shown
    answer = html.unescape(client.post(page, {"persona": "anna", "esito": "ok", "livello": "2"}).content.decode())
    assert f'"https://attributes.eid.gov.it/fiscal_number": "TINIT-{ANNA}"' in answer


def test_who_looks_at_the_record_reads_what_was_signed(client, carla_client):
    door.enter(client)
    page = carla_client.post(
        "/operatori/accessi/", {"codice_fiscale": ANNA, "motivo": "Richiesta 12/2026 della Procura."}
    )
    shown = html.unescape(page.content.decode())
    assert '"prompt": "consent login"' in shown
    assert f'"https://attributes.eid.gov.it/fiscal_number": "TINIT-{ANNA}"' in shown
    assert '"authority_hints"' in shown


# --- requests that the stub refuses


def test_a_code_of_another_login_is_of_no_use(client):
    """Code injection: the code belongs to a request with another code challenge (PKCE)."""
    stolen = door.begin(Client(), persona="dario")
    own = door.begin(client)
    assert door.bring(client, own | {"code": stolen["code"]}).status_code == 400
    assert LoginRecord.objects.get().outcome == "answer-expired"


def token_form(fields: dict[str, str], **changed: str) -> dict[str, str]:
    """The token request that the portal sends."""
    ours, now = openid_desk.portal_as_relying_party(), timezone.now()
    claims = {
        "iss": ours.entity_id, "sub": ours.entity_id, "aud": f"{openid_desk.provider_id()}/token", "jti": fields["state"],
        "exp": int(now.timestamp()) + 60,
    }  # fmt: skip
    form = {
        "grant_type": "authorization_code", "code": fields["code"], "redirect_uri": ours.answer_address,
        "code_verifier": verifier_of(fields["state"]), "client_id": ours.entity_id, "client_assertion_type": JWT_BEARER,
        "client_assertion": jose.signed(claims, ours.signing.first),
    }  # fmt: skip
    return form | changed


TOKEN = "/prova/identita/cie-oidc/token"


def test_an_assertion_of_the_client_is_good_once(client):
    form = token_form(door.begin(client))
    assert client.post(TOKEN, form).status_code == 200
    response = client.post(TOKEN, form | {"code": door.begin(client)["code"]})
    assert (response.status_code, response.json()) == (401, {"error": "invalid_client"})


def test_a_code_is_good_once(client):
    first, second = door.begin(client), door.begin(client)
    assert client.post(TOKEN, token_form(first)).status_code == 200
    assertion = token_form(second)["client_assertion"]
    response = client.post(TOKEN, token_form(first, client_assertion=assertion))
    assert (response.status_code, response.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "0" * 64}, {"redirect_uri": "http://127.0.0.1:8000/accesso/cie/ritorno"}, {"code": "x"},
        {"client_assertion": "x.y.z"}, {"client_assertion_type": ""}, {"client_id": "https://altro.example"},
    ],
)  # fmt: skip
def test_a_code_without_what_proves_who_asks_gets_nothing(client, changed):
    assert client.post(TOKEN, token_form(door.begin(client), **changed)).status_code in (400, 401)


def test_the_token_is_of_no_use_after_the_login(client):
    """The token was revoked after the login: a stolen one gets no userinfo."""
    door.enter(client)
    token = LoginRecord.objects.get().response.decode().split('\\"access_token\\": \\"')[1].split('\\"')[0]
    assert (
        client.get("/prova/identita/cie-oidc/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "http://127.0.0.1:8000/accesso/cie/ritorno"}, {"redirect_uri": "https://altro.example/"},
        {"aud": ["https://altro.example"]}, {"client_id": "https://altro.example"}, {"exp": 1}, {"scope": "openid email"},
    ],
)  # fmt: skip
def test_a_request_that_the_portal_would_not_make_is_refused(client, changed):
    """Signed with the portal's key all the same: the trust chain registers one redirect address for each client."""
    page = door.go_to_provider(client)
    query = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    key = openid_desk.portal_as_relying_party().signing.first
    query["request"] = jose.signed(jose.verified(query["request"], [key]) | changed, key)
    assert client.get(f"{urlsplit(page).path}?{urlencode(query)}").status_code == 400


@pytest.mark.parametrize(
    "changed", [{"request": "x.y.z"}, {"client_id": "https://altro.example"}, {"code_challenge": "x"}]
)
def test_a_request_that_was_changed_on_its_way_is_refused(client, changed):
    page = door.go_to_provider(client)
    query = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    assert client.get(f"{urlsplit(page).path}?{urlencode(query | changed)}").status_code == 400


# --- the two addresses of the CIE


def test_the_card_speaks_saml_too_and_each_login_is_answered_in_its_own_words(client):
    fields = door.begin(client)
    assert (
        client.post("/accesso/cie/ritorno/", {"RelayState": fields["state"], "SAMLResponse": "PHg+"}).status_code == 400
    )
    assert door.bring(client, fields).status_code == 400, "the login is over"


def test_who_opened_the_portal_under_another_name_of_this_machine_stays_there():
    client = Client(SERVER_NAME="localhost")
    assert door.go_to_provider(client).startswith("/prova/identita/cie-oidc/?")
    assert door.enter(client).status_code == 302


def test_a_stub_on_another_site_gets_the_browser_there_and_sends_it_back(client, settings):
    settings.STUB_IDENTITY_URL = "https://127.0.0.1:8444"
    page = door.go_to_provider(client)
    assert page.startswith("https://127.0.0.1:8444/prova/identita/cie-oidc/?")
    answer = client.post(page, {"persona": "anna", "esito": "ok", "livello": "2"})
    assert f'method="get" action="{settings.PORTAL_URL}/accesso/cie/ritorno/"' in answer.content.decode()
    assert f"form-action 'self' {settings.PORTAL_URL}" in answer["Content-Security-Policy"]


def test_the_keys_of_the_stub_are_their_owners_only(client):
    door.go_to_provider(client)
    kept = list((openid_desk.settings.VAR_DIR / "oidc").glob("*.pem"))
    assert kept
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept)
