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
def test_a_signed_answer_to_something_else_is_refused(asked, changed, code):
    asked.refused(asked.signed(**changed))
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
def test_one_signed_word_out_of_place_in_the_assertion_is_refused(asked, path, name, value, code):
    assertion = answers.assertion(asked.right)
    assertion.find(path.replace("{a}", f"{{{ASSERTION}}}")).set(name, value)
    asked.refused(asked.around(assertion))
    assert outcome() == code


def instant(asked: forge.Asked, minutes: int) -> str:
    return written(asked.right.at + timedelta(minutes=minutes))


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
def test_one_signed_word_out_of_place_in_the_envelope_is_refused(asked, name, value, code):
    said = instant(asked, value) if isinstance(value, int) else value
    asked.refused(asked.around(answers.assertion(asked.right), **{name: said}))
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
def test_one_signed_instant_out_of_place_in_the_assertion_is_refused(asked, path, name, minutes, code):
    assertion = answers.assertion(asked.right)
    assertion.find(path.replace("{a}", f"{{{ASSERTION}}}")).set(name, instant(asked, minutes))
    asked.refused(asked.around(assertion))
    assert outcome() == code


@pytest.mark.parametrize("name", ["Subject", "Conditions", "AuthnStatement", "AttributeStatement", "Issuer"])
def test_an_assertion_that_lacks_a_part_is_refused(asked, name):
    assertion = answers.assertion(asked.right)
    assertion.remove(assertion.find(saml(name)))
    asked.refused(asked.around(assertion))


def test_an_assertion_for_two_audiences_is_refused(asked):
    assertion = answers.assertion(asked.right)
    restriction = assertion.find(f".//{saml('AudienceRestriction')}")
    answers.child(restriction, saml("Audience"), "https://altro.example")
    asked.refused(asked.around(assertion))


# --- time


@pytest.mark.parametrize("seconds", [120, -120, 600, -600])
def test_a_clock_that_is_two_minutes_off_is_too_much(asked, seconds):
    by, right = timedelta(seconds=seconds), asked.right
    asked.refused(asked.signed(at=right.at + by, authenticated_at=right.at + by))
    assert outcome() in ("stale", "answer-expired")


@pytest.mark.parametrize("seconds", [0, -1, -300])
def test_an_answer_that_has_expired_is_refused(asked, seconds):
    asked.refused(asked.signed(good_until=asked.right.at + timedelta(seconds=seconds)))
    assert outcome() == "answer-expired"


def test_an_authentication_made_before_the_question_is_refused(asked):
    asked.refused(asked.signed(authenticated_at=asked.right.at - timedelta(minutes=30)))
    assert outcome() == "stale"


def test_an_authentication_in_the_future_is_refused(asked):
    asked.refused(asked.signed(authenticated_at=asked.right.at + timedelta(hours=3)))
    assert outcome() == "answer-expired"


def test_an_answer_to_a_login_left_for_ten_minutes_is_refused(client, alfa):
    asked = forge.ask(client, alfa)
    with time_machine.travel(asked.right.at + timedelta(minutes=11)):
        asked.refused(asked.signed())
    assert outcome() == "expired"


# --- the subject


@pytest.mark.parametrize(
    "number",
    [
        "TINES-12345678Z", f"TINIT-{ANNA[:-1]}A", "TINIT-", "TINIT-RSSNNA80A41H501", ANNA, f"VATIT-{ANNA}",
        f"TINIT-{ANNA}.evil", f"TINIT-TINIT-{ANNA}", "TINIT-00000000000",
    ],
)  # fmt: skip
def test_a_person_without_an_italian_codice_fiscale_is_refused(asked, number):
    asked.refused(asked.signed(attributes=attributes(fiscalNumber=number)))
    assert outcome() == "no-codice-fiscale"
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["fiscalNumber", "name", "familyName"])
@pytest.mark.parametrize("empty", [True, False])
def test_an_answer_that_lacks_an_attribute_is_refused(asked, name, empty):
    said = attributes()
    del said[name]
    asked.refused(asked.signed(attributes=said | ({name: ""} if empty else {})))
    assert not User.objects.exists()


# --- the request it answers


def test_the_answer_to_another_login_of_the_same_browser_is_refused(asked, client):
    second = forge.ask(client, asked.provider)
    second.refused(asked.signed())
    assert outcome() == "unsolicited"


def test_an_answer_that_was_caught_opens_no_other_browser(asked):
    thief = replace(asked, client=Client())
    assert "altra parte" in thief.refused(asked.signed()).content.decode()


def test_an_answer_works_once_and_not_again_in_the_same_browser(asked, client):
    document = asked.signed()
    asked.accepted(document)
    client.logout()
    asked.refused(document)


def test_a_refused_answer_spoils_the_login_for_a_good_one(asked):
    """A request accepts one response only: an attacker gets no second guess."""
    asked.refused(asked.signed(level=1))
    asked.refused(asked.signed())
    assert outcome() == "replayed"


@pytest.mark.parametrize(
    "state", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_a_relay_state_that_is_an_address_leads_nowhere(asked, state):
    response = asked.refused(asked.signed(), RelayState=state)
    assert "evil.example" not in response.content.decode()


def test_an_answer_in_the_address_bar_is_refused(asked):
    sent = {"SAMLResponse": base64.b64encode(etree.tostring(asked.signed())).decode(), "RelayState": asked.state}
    response = asked.client.get(asked.door, sent)
    assert response.status_code == 400
    assert not signed_in(asked.client)


def test_a_refusal_of_the_provider_to_another_question_is_not_shown_as_ours(asked):
    asked.refused(answers.unsigned(replace(asked.right, error="25", request_id="_altra")))
    assert outcome() == "unsolicited"


@pytest.mark.parametrize("code", ["8", "9", "11", "18", "19", "20", "21", "22", "23", "24", "25", "30"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_refusal_of_the_provider_is_understood_signed_or_not(asked, code, signed):
    refusal = replace(asked.right, error=code)
    page = asked.refused(answers.signed(refusal, asked.provider.pair) if signed else answers.unsigned(refusal))
    assert outcome() == code
    assert f"SPID {code}</dd>" in page.content.decode()


@pytest.mark.parametrize("code", ["", "7", "31", "99", "x"])
def test_a_refusal_without_a_known_number_has_its_page_too(asked, code):
    asked.refused(answers.unsigned(replace(asked.right, error=code or "?")))
    assert outcome() == "declined"


def test_a_refusal_signed_by_somebody_else_is_not_believed(asked, beta):
    asked.refused(answers.signed(replace(asked.right, error="25"), beta.pair))
    assert outcome() == "signature"


def test_a_refusal_that_carries_an_assertion_is_refused(asked):
    response = answers.envelope(replace(asked.right, error="25"))
    response.append(answers.assertion(asked.right))
    asked.refused(response)
    assert outcome() == "malformed"


def test_operators_are_told_when_a_provider_finds_our_request_wrong(asked, caplog):
    asked.refused(answers.unsigned(replace(asked.right, error="12")))
    assert [record.levelname for record in caplog.records if record.name == "portal.identity.people.login"] == ["ERROR"]
