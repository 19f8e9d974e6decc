"""The A2F service over HTTP. Two doors, one answer: in front of Django (`ServiceInFront`, what gunicorn serves) and as a view.

In front for the same reason as the gate (sessions.gate.views): no session, cookie, message or CSRF token is wanted here.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import close_old_connections
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from portal.time import database_clock
from portal.time.clock import now_of
from sessions.soap import call, faults, schema
from sessions.soap.envelope import LARGEST
from sessions.soap.faults import CONTENT_TYPE, Answer

PATH = "/a2f-auth-ws/soap/v1/authentication-service"


@csrf_exempt
def ask(request: HttpRequest) -> HttpResponse:
    """POST: one call. GET: `?wsdl` and `?xsd=NAME`, with the address they are asked at."""
    if request.method == "POST":
        answer = _answer(request.META, now_of(request))
        response = HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
        response._has_been_logged = True  # type: ignore[attr-defined]  # a Fault is an answer, not an error of ours
        return response
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    asked = {key.lower(): str(value) for key, value in request.GET.items()}
    if "wsdl" not in asked and "xsd" not in asked:
        return HttpResponseNotAllowed(["POST"])
    name = schema.WSDL if "wsdl" in asked else asked["xsd"]
    described = schema.described(name, request.build_absolute_uri(request.path))
    if described is None:
        raise Http404
    return HttpResponse(described, content_type=CONTENT_TYPE)


class ServiceInFront:
    """WSGI: answers the calls and hands every other request on, the service description among them.

    A call that Django would not let in (over http where https is demanded, for a host that is not ours) is handed on too:
    Django redirects or refuses it, before anybody has looked at its password.

    `begin` goes before every call that is looked at: as Django, a connection that has aged, or broke in the last call, is
    closed.
    """

    def __init__(
        self, application: Callable[..., Iterable[bytes]], begin: Callable[[], None] = close_old_connections
    ) -> None:
        self.application = application
        self.begin = begin

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_call = environ.get("PATH_INFO") == PATH and environ.get("REQUEST_METHOD") == "POST"
        if not is_call or not _Addressed(environ).is_welcome():
            return self.application(environ, start_response)
        answer = _answer(environ, database_clock.now(), self.begin)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", answer.headers)
        return [answer.body]


class _Addressed(HttpRequest):
    """A request as far as SecurityMiddleware and CommonMiddleware ask about it: its scheme and its host."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.META = environ  # nothing else is asked, so nothing else is made: that would cost more than the answer

    def _get_scheme(self) -> str:
        return str(self.META.get("wsgi.url_scheme", "http"))

    def is_welcome(self) -> bool:
        if settings.SECURE_SSL_REDIRECT and not self.is_secure():
            return False
        try:
            self.get_host()
        except DisallowedHost:
            return False
        return True


def _answer(meta: Mapping[str, Any], now: datetime, begin: Callable[[], None] = lambda: None) -> Answer:
    if _length(meta) > LARGEST:
        return faults.too_large()
    return call.answer(meta, partial(_body, meta, begin), now)


def _length(meta: Mapping[str, Any]) -> int:
    """As the header tells it, in bytes; 0 when it tells none."""
    try:
        return int(meta.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _body(meta: Mapping[str, Any], begin: Callable[[], None]) -> bytes | None:
    """The bytes of the request; None when they are over the limit, and then no more than the limit was read.

    `begin` goes before here, where what breaks is answered and written down: nothing has asked the database yet.
    """
    begin()
    length = _length(meta)
    if not meta.get("CONTENT_LENGTH") and meta.get("wsgi.input_terminated"):
        length = LARGEST + 1  # chunked: its end is known to the server only
    try:
        body: bytes = meta["wsgi.input"].read(max(length, 0))
    except OSError:
        return b""  # the client has gone
    return None if len(body) > LARGEST else body
