"""The provider refuses or does not answer: a page in our own words, never a crash."""

import httpx
import pytest
from django.utils.html import escape

from portal.identity.models import LoginRecord
from portal.identity.people.refusal_sentences import refusal_of
from tests.identity.providers.oidc import forge

ERRORS = {
    "access_denied": "access-denied", "login_required": "login-required", "interaction_required": "login-required",
    "consent_required": "22", "server_error": "unavailable", "temporarily_unavailable": "unavailable",
    "invalid_request": "wrong-request", "invalid_scope": "wrong-request", "unauthorized_client": "wrong-request",
    "invalid_request_object": "wrong-request", "unsupported_response_type": "wrong-request",
    "qualcosa_di_nuovo": "declined", "<script>": "declined",
}  # fmt: skip


@pytest.mark.parametrize(("error", "code"), ERRORS.items())
@pytest.mark.parametrize("issuer", [forge.OP, None])
def test_each_error_has_a_page_of_our_own_words(captured, error, code, issuer):
    response = captured.refused(code=None, iss=issuer, error=error, error_description="Parole del gestore <b>")
    page = response.content.decode()
    assert escape(refusal_of(code).title) in page
    assert "Parole del gestore" not in page
    assert LoginRecord.objects.get().outcome == code
    assert captured.world.forms == []


def test_an_error_of_another_issuer_is_another_providers(captured):
    captured.refused(code=None, iss="https://altro.example", error="access_denied")
    assert LoginRecord.objects.get().outcome == "not-asked"


def test_an_error_beside_a_code_is_an_error(captured):
    captured.says().refused(error="access_denied")
    assert LoginRecord.objects.get().outcome == "access-denied"


def test_a_request_that_the_provider_finds_wrong_is_an_alarm_for_the_operators(captured, caplog):
    page = captured.refused(code=None, error="invalid_request").content.decode()
    assert "problema tecnico del portale" in page
    assert [line.levelname for line in caplog.records if "invalid_request" in line.getMessage()] == ["ERROR"]


SILENCES = {
    "away": httpx.ConnectError("nobody"), "slow": httpx.ReadTimeout("slow"), "broken": httpx.RemoteProtocolError("broken"),
    "503": httpx.Response(503), "500": httpx.Response(500, text="<html>"), "moved": httpx.Response(302, headers={"Location": "http://127.0.0.1/"}),
    "endless": httpx.Response(200, content=b"x" * 300_000),
}  # fmt: skip


@pytest.mark.parametrize("endpoint", ["token", "userinfo"])
@pytest.mark.parametrize("silence", SILENCES)
def test_a_provider_that_does_not_answer_is_called_so(captured, endpoint, silence):
    captured.says().world.said[endpoint] = SILENCES[silence]
    page = captured.refused().content.decode()
    assert "Il gestore di identità non risponde" in page
    assert "Riprova con CIE" in page
    assert LoginRecord.objects.get().outcome == "unavailable"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), "answer-expired"),
        (httpx.Response(401, json={"error": "invalid_client"}), "wrong-request"),
        (httpx.Response(400, json={"error": ["x"]}), "unavailable"),
        (httpx.Response(200, text="[" * 100_000), "malformed"),
        (httpx.Response(200, text="[]"), "malformed"),
        (httpx.Response(200, json={}), "malformed"),
        (httpx.Response(200, json={"token_type": "Bearer", "access_token": ""}), "malformed"),
        (httpx.Response(200, json={"token_type": "mac", "access_token": "x"}), "malformed"),
        (httpx.Response(200, json={"token_type": "Bearer", "access_token": "a b\u2028"}), "malformed"),
        (httpx.Response(200, json={"token_type": "Bearer", "access_token": "x"}), "signature"),
    ],
)
def test_a_token_answer_that_is_none(captured, answer, code):
    captured.says().world.said["token"] = answer
    captured.refused()
    assert LoginRecord.objects.get().outcome == code


def test_what_was_said_before_it_went_wrong_is_kept(captured):
    captured.says().world.said["userinfo"] = httpx.Response(503)
    captured.refused()
    record = LoginRecord.objects.get()
    assert forge.ACCESS_TOKEN.encode() in record.response
    assert b"trust chain" in record.response


def test_a_refused_person_tries_again_and_still_lands_where_they_wanted(client, world):
    captured = forge.ask(client, world, next_url="/servizi/4512/")
    page = captured.refused(code=None, error="access_denied").content.decode()
    assert 'name="next" value="/servizi/4512/"' in page
