"""Responses with a valid signature but the wrong audience, request, time or level."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from lxml import etree

from portal.demo.identity import answers
from portal.identity.models import LoginRecord, User
from portal.identity.providers.saml.documents import written
from portal.identity.providers.saml.names import ASSERTION, saml
from tests.conftest import ANNA
from tests.identity.door import attributes, signed_in
from tests.identity.providers.saml import forge

ELSEWHERE = "https://altro.example/accesso/spid/ritorno/"


def outcome() -> str:
    return LoginRecord.objects.order_by("-pk")[0].outcome


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"audience": "https://altro.example"}, "not-for-us"),
        ({"audience": "http://127.0.0.1:8000/"}, "not-for-us"),
        ({"address": ELSEWHERE}, "not-for-us"),
        ({"request_id": "_altra"}, "unsolicited"),
        ({"level": 1}, "20"),
    ],
)
def test_a_signed_answer_to_something_else_is_refused(captured, changed, code):
    captured.refused(captured.signed(**changed))
    assert outcome() == code


@pytest.mark.parametrize(
    ("path", "name", "value", "code"),
    [
        (".//{a}SubjectConfirmationData", "Recipient", ELSEWHERE, "not-for-us"),
        (".//{a}SubjectConfirmationData", "InResponseTo", "_altra", "unsolicited"),
        (".//{a}SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches", "malformed"),
        (".//{a}NameID", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "malformed"),
        (".//{a}Issuer", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "malformed"),
    ],
)
def test_one_signed_word_out_of_place_in_the_assertion_is_refused(captured, path, name, value, code):
    assertion = answers.assertion(captured.right)
    assertion.find(path.replace("{a}", f"{{{ASSERTION}}}")).set(name, value)
    captured.refused(captured.around(assertion))
    assert outcome() == code


def instant(captured: forge.CapturedRequest, minutes: int) -> str:
    return written(captured.right.at + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Destination", ELSEWHERE, "not-for-us"),
        ("InResponseTo", "_altra", "unsolicited"),
        ("Version", "1.1", "malformed"),
        ("IssueInstant", -2, "stale"),
        ("IssueInstant", 2, "answer-expired"),
    ],
)
def test_one_signed_word_out_of_place_in_the_envelope_is_refused(captured, name, value, code):
    said = instant(captured, value) if isinstance(value, int) else value
    captured.refused(captured.around(answers.assertion(captured.right), **{name: said}))
    assert outcome() == code


@pytest.mark.parametrize(
    ("path", "name", "minutes", "code"),
    [
        (".", "IssueInstant", -2, "stale"),
        (".", "IssueInstant", 2, "answer-expired"),
        (".//{a}Conditions", "NotBefore", 2, "answer-expired"),
        (".//{a}Conditions", "NotOnOrAfter", 0, "answer-expired"),
        (".//{a}SubjectConfirmationData", "NotOnOrAfter", 0, "answer-expired"),
        (".//{a}SubjectConfirmationData", "NotBefore", 0, "malformed"),
    ],
)
def test_one_signed_instant_out_of_place_in_the_assertion_is_refused(captured, path, name, minutes, code):
    assertion = answers.assertion(captured.right)
    assertion.find(path.replace("{a}", f"{{{ASSERTION}}}")).set(name, instant(captured, minutes))
    captured.refused(captured.around(assertion))
    assert outcome() == code


@pytest.mark.parametrize("name", ["Subject", "Conditions", "AuthnStatement", "AttributeStatement", "Issuer"])
def test_an_assertion_that_lacks_a_part_is_refused(captured, name):
    assertion = answers.assertion(captured.right)
    assertion.remove(assertion.find(saml(name)))
    captured.refused(captured.around(assertion))


def test_an_assertion_for_two_audiences_is_refused(captured):
    assertion = answers.assertion(captured.right)
    restriction = assertion.find(f".//{saml('AudienceRestriction')}")
    answers.child(restriction, saml("Audience"), "https://altro.example")
    captured.refused(captured.around(assertion))


# --- time


@pytest.mark.parametrize("seconds", [120, -120, 600, -600])
def test_a_clock_that_is_two_minutes_off_is_too_much(captured, seconds):
    by, right = timedelta(seconds=seconds), captured.right
    captured.refused(captured.signed(at=right.at + by, authenticated_at=right.at + by))
    assert outcome() in ("stale", "answer-expired")


@pytest.mark.parametrize("seconds", [0, -1, -300])
def test_an_answer_that_has_expired_is_refused(captured, seconds):
    captured.refused(captured.signed(good_until=captured.right.at + timedelta(seconds=seconds)))
    assert outcome() == "answer-expired"


def test_an_authentication_made_before_the_question_is_refused(captured):
    captured.refused(captured.signed(authenticated_at=captured.right.at - timedelta(minutes=30)))
    assert outcome() == "stale"


def test_an_authentication_in_the_future_is_refused(captured):
    captured.refused(captured.signed(authenticated_at=captured.right.at + timedelta(hours=3)))
    assert outcome() == "answer-expired"


def test_an_answer_to_a_login_left_for_ten_minutes_is_refused(client, alfa):
    captured = forge.ask(client, alfa)
    with time_machine.travel(captured.right.at + timedelta(minutes=11)):
        captured.refused(captured.signed())
    assert outcome() == "expired"


# --- the subject


@pytest.mark.parametrize(
    "number",
    [
        "TINES-12345678Z", f"TINIT-{ANNA[:-1]}A", "TINIT-", "TINIT-RSSNNA80A41H501", ANNA, f"VATIT-{ANNA}",
        f"TINIT-{ANNA}.evil", f"TINIT-TINIT-{ANNA}", "TINIT-00000000000",
    ],
)  # fmt: skip
def test_a_person_without_an_italian_codice_fiscale_is_refused(captured, number):
    captured.refused(captured.signed(attributes=attributes(fiscalNumber=number)))
    assert outcome() == "no-codice-fiscale"
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["fiscalNumber", "name", "familyName"])
@pytest.mark.parametrize("empty", [True, False])
def test_an_answer_that_lacks_an_attribute_is_refused(captured, name, empty):
    said = attributes()
    del said[name]
    captured.refused(captured.signed(attributes=said | ({name: ""} if empty else {})))
    assert not User.objects.exists()


# --- the request it answers


def test_the_answer_to_another_login_of_the_same_browser_is_refused(captured, client):
    second = forge.ask(client, captured.provider)
    second.refused(captured.signed())
    assert outcome() == "unsolicited"


def test_an_answer_that_was_caught_opens_no_other_browser(captured):
    thief = replace(captured, client=Client())
    assert "altra parte" in thief.refused(captured.signed()).content.decode()


def test_an_answer_works_once_and_not_again_in_the_same_browser(captured, client):
    document = captured.signed()
    captured.accepted(document)
    client.logout()
    captured.refused(document)


def test_a_refused_answer_spoils_the_login_for_a_good_one(captured):
    """A request accepts one response only: an attacker gets no second guess."""
    captured.refused(captured.signed(level=1))
    captured.refused(captured.signed())
    assert outcome() == "replayed"


@pytest.mark.parametrize(
    "state", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_a_relay_state_that_is_an_address_leads_nowhere(captured, state):
    response = captured.refused(captured.signed(), RelayState=state)
    assert "evil.example" not in response.content.decode()


def test_an_answer_in_the_address_bar_is_refused(captured):
    sent = {"SAMLResponse": base64.b64encode(etree.tostring(captured.signed())).decode(), "RelayState": captured.state}
    response = captured.client.get(captured.door, sent)
    assert response.status_code == 400
    assert not signed_in(captured.client)


def test_a_refusal_of_the_provider_to_another_question_is_not_shown_as_ours(captured):
    captured.refused(answers.unsigned(replace(captured.right, error="25", request_id="_altra")))
    assert outcome() == "unsolicited"


@pytest.mark.parametrize("code", ["8", "9", "11", "18", "19", "20", "21", "22", "23", "24", "25", "30"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_refusal_of_the_provider_is_understood_signed_or_not(captured, code, signed):
    refusal = replace(captured.right, error=code)
    page = captured.refused(answers.signed(refusal, captured.provider.pair) if signed else answers.unsigned(refusal))
    assert outcome() == code
    assert f"SPID {code}</dd>" in page.content.decode()


@pytest.mark.parametrize("code", ["", "7", "31", "99", "x"])
def test_a_refusal_without_a_known_number_has_its_page_too(captured, code):
    captured.refused(answers.unsigned(replace(captured.right, error=code or "?")))
    assert outcome() == "declined"


def test_a_refusal_signed_by_somebody_else_is_not_believed(captured, beta):
    captured.refused(answers.signed(replace(captured.right, error="25"), beta.pair))
    assert outcome() == "signature"


def test_a_refusal_that_carries_an_assertion_is_refused(captured):
    response = answers.envelope(replace(captured.right, error="25"))
    response.append(answers.assertion(captured.right))
    captured.refused(response)
    assert outcome() == "malformed"


def test_operators_are_told_when_a_provider_finds_our_request_wrong(captured, caplog):
    captured.refused(answers.unsigned(replace(captured.right, error="12")))
    assert [record.levelname for record in caplog.records if record.name == "portal.identity.people.login"] == ["ERROR"]
