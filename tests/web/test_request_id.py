"""One request number from the proxy to the response."""

import pytest
from django.test import RequestFactory

from portal.web.request_id import RequestIds, current


def answered(given: str | None = None, own: list[tuple[str, str]] | None = None) -> tuple[list[tuple[str, str]], str]:
    """The response's headers, and the number that the application saw."""
    said: list[list[tuple[str, str]]] = []
    saw: list[str] = []

    def application(environ, start_response):
        saw.extend([current.get(), environ["HTTP_X_REQUEST_ID"]])
        start_response("200 OK", own or [("Content-Length", "0")])
        return []

    sent = {} if given is None else {"HTTP_X_REQUEST_ID": given}
    RequestIds(application)(
        RequestFactory().get("/", **sent).environ, lambda status, headers, *error: said.append(headers)
    )
    assert saw[0] == saw[1]
    return said[0], saw[0]


def test_the_number_of_the_proxy_is_kept_and_given_back():
    headers, number = answered("3f2a9c1e-7b44-4b1c-9d55-0123456789ab")
    assert number == "3f2a9c1e-7b44-4b1c-9d55-0123456789ab"
    assert ("X-Request-ID", number) in headers


@pytest.mark.parametrize("given", [None, "", "short", "x" * 65, "line\nbreak1", "anna@farmacia.it", "a b c d e f g"])
def test_what_is_not_well_formed_is_replaced(given):
    headers, number = answered(given)
    assert number != given
    assert len(number) == 32
    assert [value for name, value in headers if name == "X-Request-ID"] == [number]


def test_an_answer_that_names_its_number_is_left_alone():
    headers, _ = answered("0123456789", own=[("X-Request-Id", "0123456789")])
    assert headers == [("X-Request-Id", "0123456789")]


def test_two_requests_have_two_numbers():
    assert answered()[1] != answered()[1]
