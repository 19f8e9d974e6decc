"""The A2F service over HTTP: in front of Django (`ServiceInFront`, which gunicorn serves) and as a view, with the same answer.

In front for the same reason as the gate (sessions.gate.views): the service needs no session, cookie, message or CSRF token.
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
from sessions.soap.faults import CONTENT_TYPE, HttpAnswer

PATH = "/a2f-auth-ws/soap/v1/authentication-service"


@csrf_exempt
def ask(request: HttpRequest) -> HttpResponse:
    """POST: one call. GET: the files of `?wsdl`, `?singleWsdl` and `?xsd=NAME`, with the address of this request."""
    if request.method == "POST":
        answer = _answer(request.META, now_of(request))
        response = HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
        response._has_been_logged = True  # type: ignore[attr-defined]  # a Fault is no error of ours: Django must not log it
        return response
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    query = {key.lower(): str(value) for key, value in request.GET.items()}
    if query.keys().isdisjoint(("wsdl", "singlewsdl", "xsd")):
        return HttpResponseNotAllowed(["POST"])
    address = request.build_absolute_uri(request.path)
    if "singlewsdl" in query:
        described: bytes | None = schema.in_one_file(address)
    else:
        described = schema.described(schema.WSDL if "wsdl" in query else query["xsd"], address)
    if described is None:
        raise Http404
    return HttpResponse(described, content_type=CONTENT_TYPE)


@csrf_exempt
def nearby(request: HttpRequest) -> HttpResponse:
    """Any other URL under the folder of the service, or its URL with a slash too many: 404 with the right address as a Fault."""
    answer = faults.not_here(request.build_absolute_uri(PATH))
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


class ServiceInFront:
    """WSGI: answers the calls and passes every other request on, the one for the WSDL too.

    A call that Django would reject (over http where https is required, or for a host that is not ours) is passed on too:
    Django redirects or refuses it before its password is read.

    `begin` runs before every call that is answered: as Django does, it closes a connection that is too old or broken.
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
    """The scheme and the host of a request, which SecurityMiddleware and CommonMiddleware check."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.META = environ  # get_host() needs no more; building a whole request would cost more than the answer

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


def _answer(meta: Mapping[str, Any], now: datetime, begin: Callable[[], None] = lambda: None) -> HttpAnswer:
    if _length(meta) > LARGEST:
        return faults.too_large()
    return call.answer(meta, partial(_body, meta, begin), now)


def _length(meta: Mapping[str, Any]) -> int:
    """Content-Length in bytes; 0 when it is absent or malformed."""
    try:
        return int(meta.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _body(meta: Mapping[str, Any], begin: Callable[[], None]) -> bytes | None:
    """Reads the body; None when it is over the limit. Reads at most one byte more than the limit.

    Runs `begin` here, where an error is answered and logged, and before the first query.
    """
    begin()
    length = _length(meta)
    if not meta.get("CONTENT_LENGTH") and meta.get("wsgi.input_terminated"):
        length = LARGEST + 1  # chunked: only the server knows where the body ends
    try:
        body: bytes = meta["wsgi.input"].read(max(length, 0))
    except OSError:
        return b""  # the client has gone
    return None if len(body) > LARGEST else body
