"""Authentication (HTTP 401), and requests that get a Fault."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions.models import IdSessione
from tests.sessions.soap.calls import MESSAGES, SOAP, TYPES, URL, ServiceReply, basic

WRONG_BASIC = {
    "absent": None, "empty": "", "another scheme": "Bearer abc", "not base64": "Basic !!!", "no colon": "Basic VVZBTk5B",
    "wrong password": basic("UVANNA01", "salve"), "unknown user": basic("UVNOBODY", "SALVE"),
    "no password": basic("UVANNA01", ""), "control characters": basic("UVANNA01\r\nX: y", "SALVE\0"),
}  # fmt: skip
REJECTED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><env:Fault>'
    b"<faultcode>env:Client</faultcode><faultstring>Rejected by policy. (from client)</faultstring>"
    b"</env:Fault></env:Body></env:Envelope>"
)


@pytest.mark.parametrize("header", WRONG_BASIC.values(), ids=WRONG_BASIC)
def test_wrong_basic_is_401_always_the_same(gest, header) -> None:
    answer = gest.post(gest.message("create"), HTTP_AUTHORIZATION=header)
    assert answer.status == 401
    assert answer.response.content == REJECTED
    assert answer.response["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.response["WWW-Authenticate"] == 'Basic realm="login"'
    assert not IdSessione.objects.exists()


def test_the_password_is_asked_before_the_message_is_judged(gest) -> None:
    assert gest.post("not XML", HTTP_AUTHORIZATION=None).status == 401
    assert gest.post("not XML", HTTP_AUTHORIZATION=basic("UVANNA01", "wrong")).status == 401


@pytest.mark.parametrize("fact", ["disabled_at", "blocked_at"])
def test_a_utenza_that_is_not_usable_gets_the_generic_fault(gest, utenza, fact) -> None:
    token = gest.create().token
    setattr(utenza, fact, timezone.now())
    utenza.save()
    for answer in (gest.create(), gest.check(token), gest.revoke(token), gest.post("not XML")):
        assert answer.status == 500
        assert answer.fault == "Errore generico di autenticazione"


def test_the_memory_of_a_password_is_void_when_the_password_changes(gest, utenza) -> None:
    token = gest.create().token
    utenza.set_password("un’altra parola", timezone.now())
    utenza.save()
    assert gest.check(token).status == 401


def test_the_memory_of_a_pincode_is_void_when_the_pincode_changes(gest, utenza) -> None:
    token = gest.create().token
    utenza.set_pincode("0987654321")
    utenza.save()
    assert gest.check(token).code == "302"


def test_an_id_does_not_vouch_for_another_user(gest) -> None:
    token = gest.create().token
    assert gest.post(gest.message("checkToken", token=token), HTTP_AUTHORIZATION=basic("X", "SALVE")).status == 401


def body(inner: str, envelope: str = SOAP) -> str:
    return f'<e:Envelope xmlns:e="{envelope}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">{inner}</e:Envelope>'


def create(inner: str) -> str:
    return body(f"<e:Body><m:CreateAuthReq>{inner}</m:CreateAuthReq></e:Body>")


NOT_REQUESTS = {
    "nothing": ("", "XML"), "text": ("ciao", "XML"), "cut": (create("")[:-20], "XML"), "html": ("<html/>", "html"),
    "not SOAP": ("<a/>", "SOAP"), "SOAP 1.2": (body("<e:Body/>", "http://www.w3.org/2003/05/soap-envelope"), "SOAP 1.1"),
    "no Body": (body("<e:Header/>"), "Body"), "empty Body": (body("<e:Body/>"), "Body"),
    "two in the Body": (body("<e:Body><m:CreateAuthReq/><m:CreateAuthReq/></e:Body>"), "Body"),
    "two Bodies": (body("<e:Body/><e:Body/>"), "Body"), "after the Body": (body("<e:Body/><m:more/>"), "more"),
    "unknown operation": (body("<e:Body><m:DeleteAuthReq/></e:Body>"), "DeleteAuthReq"),
    "no namespace": (body('<e:Body><CreateAuthReq xmlns=""/></e:Body>'), "CreateAuthReq"),
    "unknown element": (create("<m:altro>1</m:altro>"), "altro"),
    "wrong order": (create("<m:cfUtente>A</m:cfUtente><m:userId>B</m:userId>"), "userId"),
    "twice": (create("<m:userId>A</m:userId><m:userId>B</m:userId>"), "userId"),
    "types in the wrong namespace": (create("<m:identificativo><m:tipo>P</m:tipo></m:identificativo>"), "tipo"),
    "token on create": (create("<m:token>x</m:token>"), "token"),
    "element in a text": (create("<m:userId>A<m:b/></m:userId>"), "userId"),
    "text between": (create("ciao"), "CreateAuthReq"), "attribute": (create('<m:userId a="1">A</m:userId>'), "userId"),
    "text in a list": (create("<m:opzioni>ciao</m:opzioni>"), "opzioni"),
    "text after a list": (create("<m:opzioni/>ciao"), ""), "list elsewhere": (create("<t:opzioni/>"), "opzioni"),
    "header to be understood": (body('<e:Header><m:h e:mustUnderstand="1"/></e:Header><e:Body/>'), " h."),
}  # fmt: skip


@pytest.mark.parametrize(("text", "named"), NOT_REQUESTS.values(), ids=NOT_REQUESTS)
def test_what_is_not_a_request_is_a_fault_that_names_the_element(gest, text, named) -> None:
    answer = gest.post(text)
    assert answer.status == 500
    assert answer.response["Content-Type"] == "text/xml; charset=utf-8"
    assert named in answer.fault
    assert not IdSessione.objects.exists()


def test_another_address_or_method_is_not_served(gest) -> None:
    assert gest.http.put(URL).status_code == 405
    assert gest.http.get(URL).status_code == 405


@pytest.mark.parametrize("path", [URL + "/", "/" + URL, URL.replace("v1", "v2"), "/a2f-auth-ws/", "/a2f-auth-ws"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_near_the_service_a_fault_names_its_address(gest, path, method) -> None:
    answer = ServiceReply(getattr(gest.http, method)("/", PATH_INFO=path))
    assert (answer.status, answer.fault_code) == (404, "Client")
    assert answer.response["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.fault.endswith(f" http://testserver{URL}")
    assert len(answer.response.content) < 500


def test_next_to_the_folder_of_the_service_there_is_nothing(gest) -> None:
    assert "html" in gest.http.get("/a2f-auth-wsx/")["Content-Type"]


def test_no_session_and_no_cookie(gest) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = gest.create()
    assert not answer.response.cookies
    assert not any("django_session" in query["sql"] for query in queries)
