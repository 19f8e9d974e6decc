"""`come=soap`: the body of a refusal is a SOAP Fault whose sentence a till can show; the status stays the gate's own."""

import pytest
from lxml import etree

from sessions.gate import soap_refusals
from sessions.gate.decision import RefusalReason
from sessions.ids import issuing, revoking
from tests.sessions.conftest import MORNING
from tests.sessions.gate.gate_door import UNKNOWN, USUAL, basic, knock

pytestmark = pytest.mark.django_db
SOAP = {**USUAL, "come": "soap"}
ENV = "{http://schemas.xmlsoap.org/soap/envelope/}"


@pytest.fixture(autouse=True)
def _it_is_morning(time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)


@pytest.fixture
def issued(utenza, certified, context) -> issuing.Issued:
    return issuing.issue(utenza, context, MORNING)


def fault_of(response) -> tuple[str, str]:
    """faultcode and faultstring; checks that the body is a SOAP 1.1 Fault with its length and type."""
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(response.content))
    assert response.headers["Cache-Control"] == "no-store"
    fault = etree.fromstring(response.content).find(f"{ENV}Body/{ENV}Fault")
    assert [leaf.tag for leaf in fault] == ["faultcode", "faultstring"]  # SOAP 1.1, 4.4: without a namespace
    return fault.findtext("faultcode"), fault.findtext("faultstring")


@pytest.mark.parametrize(
    ("plain", "reason"), [(None, "missing"), ("1234", "malformed"), (UNKNOWN, "unknown")]
)  # fmt: skip
def test_a_refusal_carries_9101_and_its_reason_beside_the_headers_of_today(utenza, plain, reason):
    response = knock(plain, parameters=SOAP)
    assert response.status_code == 403
    assert (response.headers["X-A2F-Error"], response.headers["X-A2F-Reason"]) == ("9101", reason)
    code, sentence = fault_of(response)
    assert code == "env:Client"
    assert sentence.startswith("9101 - ID-SESSIONE mancante o non valido: ")
    assert sentence.endswith(f"({reason}).")


def test_a_revoked_id_says_so(issued, anna):
    revoking.revoke(issued.id_sessione, anna, MORNING)
    assert "è stato revocato" in fault_of(knock(issued.plain, parameters=SOAP))[1]


def test_a_wrong_password_stays_401_and_its_sentence_has_no_9101(issued):
    response = knock(issued.plain, basic(password="sbagliata"), parameters=SOAP)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Basic realm="login", charset="UTF-8"')
    assert fault_of(response) == ("env:Client", soap_refusals.BASIC_SENTENCE)


def test_a_live_id_passes_without_a_body(issued):
    response = knock(issued.plain, parameters=SOAP)
    assert (response.status_code, response.content) == (204, b"")
    assert "X-A2F-Sentence" not in response.headers


def test_soap_500_gives_the_status_that_soap_clients_read_to_refused_ids_alone(issued):
    parameters = {**USUAL, "come": "soap-500"}
    assert knock(issued.plain, parameters=parameters).status_code == 204
    assert knock(issued.plain, basic(password="sbagliata"), parameters=parameters).status_code == 401
    response = knock(UNKNOWN, parameters=parameters)
    assert (response.status_code, response.headers["X-A2F-Reason"]) == (500, "unknown")
    assert fault_of(response)[1].startswith("9101")


@pytest.mark.parametrize("form", ["", "SOAP", "xml", "soap&come=soap"])
def test_any_other_form_is_the_empty_answer(utenza, form):
    response = knock(UNKNOWN, parameters={**USUAL, "come": form})
    assert (response.status_code, response.content) == (403, b"")
    assert "X-A2F-Sentence" not in response.headers


@pytest.mark.parametrize("reason", [*RefusalReason, None])
def test_the_sentence_in_the_header_is_ascii_and_means_the_same(reason):
    written = soap_refusals.in_a_header(reason)
    assert written.isascii()
    assert "\n" not in written
    assert etree.fromstring(f"<s>{written}</s>").text == soap_refusals.sentence(reason)
