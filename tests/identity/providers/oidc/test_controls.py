"""Positive controls: valid logins are accepted, so that the refusals beside mean something; and the requests we send."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from portal.identity.models import LoginRecord, LoginTransaction, User
from portal.identity.providers.oidc.request import FISCAL_NUMBER
from tests.conftest import ANNA
from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import OP, PORTAL


def test_a_right_answer_comes_in_and_its_person_is_the_one_shown(captured):
    captured.says().accepted()
    assert User.objects.get().codice_fiscale == ANNA
    assert User.objects.get().full_name == "Anna Rossi"
    assert captured.client.session["identity_with"] == "CIE livello 2"


def test_a_level_above_the_one_asked_comes_in(captured):
    captured.says(level=3).accepted()
    assert captured.client.session["identity_with"] == "CIE livello 3"


@pytest.mark.parametrize("seconds", [30, -30])
def test_the_clocks_may_differ_by_half_a_minute(captured, seconds):
    by = timedelta(seconds=seconds)
    captured.says(at=captured.right.at + by, authenticated_at=captured.right.at + by).accepted()


def test_an_audience_written_as_a_list_of_one_is_ours(captured):
    captured.says(token=lambda claims: claims | {"aud": [PORTAL], "azp": PORTAL}).accepted()


def test_a_claim_that_nobody_asked_for_is_passed_over(captured):
    captured.says(person=lambda claims: claims | {"email": "anna@example.org"}).accepted()


def test_while_the_provider_changes_its_key_both_are_good(client, world):
    both = forge.op_metadata(jwks=forge.jwks(forge.ring("gestore"), forge.ring("gestore-nuova")))
    world.published[f"{OP}/.well-known/openid-federation"] = forge.op_configuration(
        forge.timezone.now(), metadata={"openid_provider": both}
    )
    forge.Cie().refresh(forge.timezone.now())
    for name in ("gestore", "gestore-nuova"):
        captured = forge.ask(client, world)
        token = forge.jose.signed(forge.id_claims(captured.right, forge.ACCESS_TOKEN), forge.ring(name).first)
        captured.says(id_token=token).accepted()
        client.logout()


def test_what_was_sealed_to_our_old_key_opens_while_it_changes(client, world, settings):
    settings.OIDC_ENCRYPTION_KEYS = forge.pem("portale-cifra-nuova") + forge.pem("portale-cifra")
    forge.ask(client, world).says().accepted()


# --- the authorization request


def test_the_request_is_of_the_profile_and_asks_for_three_things_only(captured):
    request = captured.request
    assert set(request["claims"]) == {"userinfo"}
    assert set(request["claims"]["userinfo"]) == {"given_name", "family_name", FISCAL_NUMBER}
    assert (request["scope"], request["response_type"], request["prompt"]) == ("openid", "code", "consent login")
    assert request["acr_values"] == "https://www.spid.gov.it/SpidL2"
    assert (request["iss"], request["client_id"], request["aud"]) == (PORTAL, PORTAL, [OP])
    assert request["redirect_uri"] == forge.CALLBACK
    assert request["code_challenge_method"] == "S256"
    for name in ("state", "nonce"):
        assert len(request[name]) >= 32
        assert request[name].isalnum()
    for name in ("scope", "client_id", "response_type", "code_challenge", "code_challenge_method"):
        assert captured.query[name] == request[name]


def test_neither_state_nor_nonce_nor_verifier_is_kept_in_clear(captured):
    row = str(LoginTransaction.objects.values().get())
    assert captured.request["state"] not in row
    assert captured.request["nonce"] not in row
    captured.says().accepted()
    [form] = [form for name, form in captured.world.forms if name == "token"]
    assert form["code_verifier"] not in row


def test_two_logins_share_neither_nonce_nor_verifier_nor_number(client, world):
    first, second = forge.ask(client, world), forge.ask(client, world)
    for name in ("state", "nonce", "jti", "code_challenge"):
        assert first.request[name] != second.request[name]


def test_the_code_is_changed_by_who_asked_and_proves_it_with_an_assertion_of_its_own(captured):
    captured.says().accepted()
    assert forge.proves_the_verifier(captured)
    keys = forge.ring("portale-firma").keys
    claims = [forge.jose.verified(form["client_assertion"], keys) for _, form in captured.world.forms]
    assert [claim["aud"] for claim in claims] == [f"{OP}/token", f"{OP}/revocation"]
    assert len({claim["jti"] for claim in claims}) == 2
    assert all(claim["iss"] == claim["sub"] == PORTAL for claim in claims)


# --- the token request, and the stored record


def test_the_access_token_is_revoked_at_once(captured):
    captured.says().accepted()
    assert [form["token"] for name, form in captured.world.forms if name == "revocation"] == [forge.ACCESS_TOKEN]


def test_it_is_revoked_when_the_login_is_refused_too(captured):
    captured.says(token=lambda claims: claims | {"nonce": "0" * 64}).refused()
    assert [form["token"] for name, form in captured.world.forms if name == "revocation"] == [forge.ACCESS_TOKEN]


@pytest.mark.parametrize("answer", [forge.httpx.Response(503), forge.httpx.ReadTimeout("slow")])
def test_a_token_that_cannot_be_revoked_keeps_nobody_out(captured, answer):
    captured.says().world.said["revocation"] = answer
    captured.accepted()


def test_question_answers_and_chain_of_trust_are_kept_sealed(captured):
    captured.says().accepted()
    record = LoginRecord.objects.get()
    assert forge.jose.verified(record.request.decode(), forge.ring("portale-firma").keys) == captured.request
    kept = json.loads(record.response)
    assert kept["answer"] == {"code": forge.CODE, "iss": OP}
    assert forge.ACCESS_TOKEN in kept["token answer"]
    assert ANNA in forge.jose.verified(kept["userinfo"], forge.ring("gestore").keys)[FISCAL_NUMBER]
    assert kept["trust chain"].split("\n")[0] == captured.world.published[f"{OP}/.well-known/openid-federation"]
    assert (record.issuer, record.request_id) == (OP, captured.request["jti"])
    assert record.answer_id
    assert record.assertion_id
    assert LoginRecord.objects.of_subject(f"{OP} soggetto-1").get() == record
    assert ANNA.encode() not in bytes(record.sealed_response)


def test_nothing_that_opens_a_door_is_in_the_logs(captured, caplog):
    caplog.set_level("DEBUG", logger="portal")
    captured.says().accepted()
    for secret in (forge.CODE, forge.ACCESS_TOKEN, captured.request["state"], captured.request["nonce"], ANNA):
        assert secret not in caplog.text


def test_the_browser_may_leave_for_the_provider(client, world):
    policy = client.get("/accesso/")["Content-Security-Policy"]
    assert "form-action 'self' https://cie.example" in policy


def test_without_a_chain_of_trust_the_door_is_closed_and_says_so(client, door_is_real, db):
    assert "Al momento non si può entrare con CIE." in client.get("/accesso/").content.decode()
    response = Client().post("/accesso/cie/avvia/")
    assert (response.status_code, "non risponde" in response.content.decode()) == (403, True)
