"""The WSGI entrance of the web service: the same answers without Django in between; bodies without a length."""

from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory
from lxml import etree

from sessions.soap.envelope import LARGEST
from sessions.soap.views import ServiceInFront
from tests.sessions.soap.calls import URL, assert_sound, basic


class Stream(BytesIO):
    """A body of any length that records how much of it was read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.reads: list[int] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads.append(-1 if size is None else size)
        return super().read(size)


def _the_connection_belongs_to_the_test() -> None: ...


def in_front(
    gest,
    body: bytes,
    *,
    path: str = URL,
    method: str = "POST",
    begin=_the_connection_belongs_to_the_test,
    **changes: Any,
) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers, body; "handed on" when the request goes to Django."""
    heard: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        heard.update(status=status, headers=dict(headers))

    def portal(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("299 handed on", [])
        return [b""]

    environ = RequestFactory().generic(method, path, body, "text/xml").environ
    environ["HTTP_AUTHORIZATION"] = basic(gest.user_id, gest.password)
    environ.update(changes)
    parts = ServiceInFront(portal, begin=begin)(environ, start_response)
    return heard["status"], heard["headers"], b"".join(parts)


def test_a_call_is_answered(gest) -> None:
    status, headers, body = in_front(gest, gest.message("create").encode())
    assert (status, headers["Content-Type"]) == ("200 OK", "text/xml; charset=utf-8")
    assert int(headers["Content-Length"]) == len(body)
    assert b"<codEsito>0</codEsito>" in body


@pytest.mark.parametrize(("path", "method"), [("/", "POST"), (URL, "GET"), (URL + "/", "POST"), (URL, "OPTIONS")])
def test_what_is_not_a_call_is_handed_on(gest, path, method) -> None:
    assert in_front(gest, b"", path=path, method=method)[0] == "299 handed on"


def test_without_basic_it_is_401(gest) -> None:
    status, headers, _ = in_front(gest, b"", HTTP_AUTHORIZATION="")
    assert (status, headers["WWW-Authenticate"]) == ("401 Unauthorized", 'Basic realm="login"')


def test_what_breaks_before_the_call_is_answered_and_logged_without_its_secrets(gest, caplog) -> None:
    secrets = [basic(gest.user_id, gest.password), gest.password]

    def broken() -> None:
        raise RuntimeError(" ".join(secrets))

    assert in_front(gest, gest.message("create").encode(), begin=broken)[0] == "401 Unauthorized"
    assert "RuntimeError" in caplog.text
    for secret in secrets:
        assert secret not in caplog.text


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Bearer abc"])
def test_without_basic_no_byte_of_the_body_is_read(gest, header) -> None:
    for changes in ({"CONTENT_LENGTH": "1000"}, {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}):
        stream = Stream(b"<a")
        status, _, _ = in_front(gest, b"", HTTP_AUTHORIZATION=header, **changes, **{"wsgi.input": stream})
        assert (status, stream.reads) == ("401 Unauthorized", [])


HTTPS, HTTP = {"wsgi.url_scheme": "https"}, {"wsgi.url_scheme": "http"}
THROUGH_A_PROXY = {"HTTP_X_FORWARDED_PROTO": "https", **HTTP}


def test_where_https_is_demanded_a_call_over_http_is_handed_on(gest, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert in_front(gest, gest.message("create").encode(), **HTTP)[0] == "299 handed on"
    assert (
        in_front(gest, gest.message("create").encode(), **THROUGH_A_PROXY)[0] == "299 handed on"
    )  # any client may send this header
    assert in_front(gest, gest.message("create").encode(), **HTTPS)[0] == "200 OK"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert in_front(gest, gest.message("create").encode(), **THROUGH_A_PROXY)[0] == "200 OK"
    assert in_front(gest, gest.message("create").encode(), **HTTP)[0] == "299 handed on"


def test_what_is_handed_on_for_that_is_redirected_by_django(gest, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = gest.post(gest.message("create"))
    assert (answer.status, answer.response["Location"]) == (301, f"https://testserver{URL}")


@pytest.mark.parametrize("host", ["altro.example", "testserver.altro.example", "a b", "", "testserver:x"])
def test_a_call_for_another_host_is_handed_on_and_refused_by_django(gest, settings, host) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    assert in_front(gest, gest.message("create").encode(), HTTP_HOST=host)[0] == "299 handed on"
    answer = gest.post(gest.message("create"), HTTP_HOST=host)
    assert answer.status == 400
    assert in_front(gest, gest.message("create").encode(), HTTP_HOST="testserver")[0] == "200 OK"


def chunked(content: bytes) -> dict[str, Any]:
    """A chunked body as gunicorn passes it: no length, and a stream that ends by itself."""
    return {"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": Stream(content)}


def test_a_body_in_chunks_is_read(gest) -> None:
    status, _, body = in_front(gest, b"", **chunked(gest.message("create").encode()))
    assert status == "200 OK"
    assert b"<codEsito>0</codEsito>" in body


def test_a_body_in_chunks_without_end_is_refused_at_the_limit(gest) -> None:
    changes = chunked(b" " * 10_000_000)
    assert in_front(gest, b"", **changes)[0].startswith("413 ")
    assert sum(changes["wsgi.input"].reads) == LARGEST + 1


def test_a_length_over_the_limit_is_refused_unread(gest) -> None:
    stream = Stream(b"")
    changes = {"CONTENT_LENGTH": str(LARGEST + 1), "wsgi.input": stream}
    assert in_front(gest, b"", **changes)[0].startswith("413 ")
    assert stream.reads == []


def test_a_client_that_goes_away_is_no_crash(gest) -> None:
    class Gone(BytesIO):
        def read(self, *args: int) -> bytes:
            raise ConnectionResetError

    assert in_front(gest, b"", **{"CONTENT_LENGTH": "10", "wsgi.input": Gone()})[0] == "500 Internal Server Error"


def test_a_body_shorter_than_its_length_is_a_fault(gest) -> None:
    message = gest.message("create").encode()
    changes = {"CONTENT_LENGTH": str(len(message)), "wsgi.input": Stream(message[:-30])}
    assert in_front(gest, b"", **changes)[0] == "500 Internal Server Error"


def test_a_charset_that_crashes_codecs_is_a_fault(gest) -> None:
    status, _, body = in_front(gest, gest.message("create").encode(), CONTENT_TYPE="text/xml; charset=\x00")
    assert status == "500 Internal Server Error"
    assert b"env:Client" in body


def test_the_replies_are_sound_here_too(gest) -> None:
    assert_sound(etree.fromstring(in_front(gest, gest.message("create").encode())[2]))
