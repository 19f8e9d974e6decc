"""Malformed and automated requests: a plain answer, never a crash, nothing stored."""

from io import BytesIO
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse

from portal.identity.models import LoginTransaction
from portal.web.plain_requests import with_host, with_known_charset
from tests.conftest import sign_in

CHARSETS = ["hex", "rot13", "base64", "zlib", "punycode", "idna", "unicode_escape", "raw_unicode_escape", "nothing"]


def ask_the_server(**environ) -> str:
    """Sends one request to the application that gunicorn serves; returns the status line."""
    setup_testing_defaults(environ)
    environ["HTTP_HOST"] = "testserver"
    said: list[str] = []
    for signal in (request_started, request_finished):  # the test's own connection stays, as Django's test client does
        signal.disconnect(close_old_connections)
    try:
        with_known_charset(get_wsgi_application())(environ, lambda status, headers: said.append(status)).close()
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return said[0]


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_content_type_that_lies_about_its_charset_crashes_nothing(db, charset):
    page = ask_the_server(PATH_INFO="/accesso/", CONTENT_TYPE=f"text/plain; charset={charset}", QUERY_STRING="next=/")
    assert page == "200 OK"
    body = b'--x\r\nContent-Disposition: form-data; name="stato"\r\n\r\n\\ud800\r\n--x--\r\n'
    answer = ask_the_server(
        PATH_INFO=reverse("identity:answer", args=["spid"]), REQUEST_METHOD="POST", CONTENT_LENGTH=str(len(body)),
        CONTENT_TYPE=f"multipart/form-data; boundary=x; charset={charset}", **{"wsgi.input": BytesIO(body)},
    )  # fmt: skip
    assert answer.startswith("4")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("text/xml; charset=utf-16", "text/xml; charset=utf-16"),
        ('text/xml;charset="UTF-8"', 'text/xml;charset="UTF-8"'),
        ("text/xml; charset=hex; action=create", "text/xml; action=create"),
    ],
)
def test_an_ordinary_charset_is_left_to_who_reads_the_body(sent, kept):
    seen = {}
    with_known_charset(lambda environ, start: seen.update(environ))({"CONTENT_TYPE": sent}, None)
    assert seen["CONTENT_TYPE"] == kept


@pytest.mark.parametrize(
    "path", ["/operatori/stato-sessioni/%00/", "/prova/posta/?a=%00", "/servizi/a%00b/", "/?q=a%00"]
)
def test_a_nul_in_an_address_is_a_bad_request(db, path):
    answer = Client().get(path)
    assert answer.status_code == 400
    assert "Content-Security-Policy" in answer
    assert answer["X-Frame-Options"] == "DENY"


def test_a_nul_in_a_cookie_is_a_bad_request(db):
    assert Client(headers={"Cookie": 'sessionid="\\000abcdefghijkl"'}).get("/servizi/").status_code == 400


@pytest.mark.parametrize("wanted", ["/a\0", "/\0x", "/a\r\nb", "/\x7f"])
def test_a_next_page_with_control_characters_is_forgotten(db, wanted):
    answer = Client().post(reverse("identity:start", args=["spid"]), {"next": wanted})
    assert answer.status_code == 302
    assert LoginTransaction.objects.get().next_url == ""


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via"])
def test_the_demonstration_refuses_what_came_through_a_proxy(db, name):
    answer = Client(headers={name: "203.0.113.9"}).get("/prova/")
    assert answer.status_code == 403
    assert "solo a questo computer" in answer.content.decode()


def test_nothing_behind_a_login_is_kept_by_the_browser(anna, certified, carla_client, bruno, al_redentore):
    browser = sign_in(Client(), anna)
    for path in ("", "sicurezza/", "sicurezza/gestione-mail/", "registro/", "avvisi/", "id-sessione/"):
        assert "no-store" in browser.get(f"/servizi/4512/{path}")["Cache-Control"]
    assert "no-store" in sign_in(Client(), bruno).get(reverse("wizard:address", args=["1877"]))["Cache-Control"]
    assert "no-store" in carla_client.get(reverse("staff:status"))["Cache-Control"]


def test_a_sentence_for_one_person_is_not_shown_to_the_next(anna_client, certified, utenza):
    anna_client.post(reverse("sessions:request", args=["4512"]))
    del anna_client.cookies["sessionid"]  # the browser keeps its cookie, the session is gone
    page = anna_client.get("/accesso/").content.decode()
    assert "farmaciasanmarco" not in page
    assert "messages" not in anna_client.cookies


@pytest.mark.parametrize(
    ("environ", "served"),
    [
        ({"SERVER_PROTOCOL": "HTTP/1.1"}, False), ({"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "portale.it"}, True),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, True), ({}, True),
    ],
)  # fmt: skip
def test_in_http_1_1_a_request_names_its_host(environ, served):
    said = []
    body = with_host(lambda environ, start: [b"served"])(environ, lambda status, headers: said.append(status))
    assert (b"served" in body) is served
    assert said == ([] if served else ["400 Bad Request"])
