"""The gate over HTTP: in front of Django (`GateInFront`, which gunicorn serves) and as a view, with the same answer.

In front, because Django runs every middleware for every URL and builds a request and a response that the gate does not need:
half of the cost of a call. The gate reads five headers and the query string, and stores nothing. It uses no session, no
cookie and no Host: ALLOWED_HOSTS and the redirect to https do not apply, because a proxy calls it on a private address.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from time import perf_counter
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from pharmacies.models import Utenza
from portal import measures
from portal.database.contention import RETRY_AFTER, is_busy
from portal.secrets.masking import scrubbed_traceback
from portal.time import database_clock
from portal.time.clock import ROME
from portal.values.pasted import PLAIN_ID, id_sessione
from portal.web import request_id
from portal.web.client_address import client_address
from sessions.credentials import password_proof
from sessions.gate import assertion, decision, grace, query, soap_refusals, uses
from sessions.gate.decision import GateCall, GateRow, GateVerdict, RefusalReason
from sessions.gate.query import GateQuery

PATH, ASSERTION_PATH = "/a2f/gate", "/a2f/assertion"
HEADERS_OF_THE_ID = ("HTTP_AUTHORIZATION2F", "HTTP_X_IDSESSIONE")  # Sistema TS, Piemonte
Headers = list[tuple[str, str]]
_EMPTY: Headers = [("Cache-Control", "no-store"), ("Content-Length", "0")]
logger = logging.getLogger(__name__)


class GateAnswer(NamedTuple):
    """Status, headers and body: the body is empty, or a SOAP Fault."""

    status: HTTPStatus
    headers: Headers
    body: bytes = b""


def answer(environ: dict[str, Any]) -> GateAnswer:
    """Answers one request to the gate, or to the address of the assertion."""
    wants_assertion = environ.get("PATH_INFO") == ASSERTION_PATH
    if wants_assertion and not assertion.is_configured():
        return GateAnswer(HTTPStatus.NOT_FOUND, _EMPTY)
    started = perf_counter()
    if environ["REQUEST_METHOD"] not in ("GET", "POST"):
        return GateAnswer(HTTPStatus.METHOD_NOT_ALLOWED, [*_EMPTY, ("Allow", "GET, POST")])
    question = query.parse(environ.get("QUERY_STRING", ""))
    call = GateCall(
        plain=_id_of(environ),
        basic=password_proof.parse_basic(environ.get("HTTP_AUTHORIZATION")),
        contesto=question.contexts[0][0],
        applicazione=question.contexts[0][1],
        others=question.contexts[1:],
    )
    now = database_clock.now()
    verdict = decision.ask(call, client_address(environ), now, id_required=wants_assertion)
    if verdict.row is not None:
        reply = _asserted(verdict.row, now) if wants_assertion else _passed(verdict.row, call, now)
    else:
        reply = _warned(verdict.reason, verdict.in_grace) if verdict.in_grace else _refused(verdict, question)
    measures.gate(_decision(verdict), started)
    return reply


def _asserted(row: GateRow, now: datetime) -> GateAnswer:
    """The assertion and nothing else, ready for wsse:Security. A wildcard id has no row to sign for."""
    if not row.pk:
        return GateAnswer(HTTPStatus.FORBIDDEN, [*_EMPTY, ("X-A2F-Error", "9101"), ("X-A2F-Reason", "malformed")])
    body = assertion.assertion_for(row, now).xml
    headers = [
        ("Cache-Control", "no-store"), ("Content-Type", "application/samlassertion+xml"), ("Content-Length", str(len(body))),
    ]  # fmt: skip
    return GateAnswer(HTTPStatus.OK, headers, body)


def _passed(row: GateRow, call: GateCall, now: datetime) -> GateAnswer:
    # A 204 has no length (RFC 9110, 8.6), and no cache stores the answer to a call with Authorization (RFC 9111, 3.5).
    headers = [
        ("X-A2F-Utenza", row.user_id),
        ("X-A2F-Codice-Fiscale", row.codice_fiscale),
        ("X-A2F-Pharmacy", row.pharmacy or ""),
        ("X-A2F-Expires-At", row.expires_at.astimezone(ROME).isoformat(timespec="milliseconds")),
    ]
    if call.others:
        headers += [("X-A2F-Contesto", row.contesto), ("X-A2F-Applicazione", row.applicazione)]
    if settings.SAR_PRIVATE_KEY and row.pk and assertion.is_given_at_the_gate(row):
        headers.append(("X-A2F-Assertion", assertion.assertion_for(row, now).header))
    return GateAnswer(HTTPStatus.NO_CONTENT, headers)


def _warned(reason: RefusalReason | None, utenza: Utenza) -> GateAnswer:
    """Ids are not yet mandatory: passes with the code and the reason that it will be refused with."""
    return GateAnswer(HTTPStatus.NO_CONTENT, [
        ("X-A2F-Utenza", utenza.user_id),
        ("X-A2F-Codice-Fiscale", utenza.codice_fiscale),
        ("X-A2F-Pharmacy", utenza.pharmacy.code if utenza.pharmacy else ""),
        ("X-A2F-Warning", "9101"),
        ("X-A2F-Reason", reason or ""),
    ])  # fmt: skip


def _refused(verdict: GateVerdict, question: GateQuery) -> GateAnswer:
    status, headers = HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", 'Basic realm="login", charset="UTF-8"')]
    if verdict.reason is not None:
        status, headers = HTTPStatus.FORBIDDEN, [("X-A2F-Error", "9101"), ("X-A2F-Reason", verdict.reason.value)]
        if question.refused_as_500:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
    if not question.is_soap:
        return GateAnswer(status, _EMPTY + headers)
    body = soap_refusals.fault(verdict.reason)
    headers += [
        ("X-A2F-Sentence", soap_refusals.in_a_header(verdict.reason)),
        ("Cache-Control", "no-store"), ("Content-Type", soap_refusals.CONTENT_TYPE), ("Content-Length", str(len(body))),
    ]  # fmt: skip
    return GateAnswer(status, headers, body)


def _decision(verdict: GateVerdict) -> str:
    """The label of this verdict in portal.measures."""
    if verdict.row is not None:
        return "passed"
    if verdict.in_grace is not None:
        return "warned"
    return "basic-refused" if verdict.reason is None else verdict.reason.value


def _id_of(environ: dict[str, Any]) -> str | None:
    """The id in the headers; None: no header, "": another scheme, or the two headers disagree."""
    values = {value.strip() for name in HEADERS_OF_THE_ID if (value := environ.get(name))} - {""}
    if not values:
        return None
    if len(values) > 1 and len(values := {id_sessione(_text(value)) for value in values}) > 1:
        return ""
    value = values.pop()
    scheme, _, plain = value.partition(" ")
    if scheme.lower() == "bearer":
        return plain.strip() if value.isascii() else _text(plain)
    alone = id_sessione(_text(value))  # some gestionali send it without the scheme
    return alone if PLAIN_ID.match(alone) or not plain else ""


def _text(value: str) -> str:
    """Decodes a header that holds UTF-8: WSGI delivers it as Latin-1 (PEP 3333)."""
    try:
        return value.strip() if value.isascii() else value.encode("latin-1").decode().strip()
    except UnicodeError:
        return value.strip()


@csrf_exempt
def ask(request: HttpRequest) -> HttpResponse:
    """Gives the same answer where `GateInFront` is not installed: the test client, another server."""
    reply = answer(request.META)
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))


def _secrets(environ: dict[str, Any]) -> Iterator[str]:
    """Yields the secrets of a call, which no log may repeat."""
    for name in ("HTTP_AUTHORIZATION", *HEADERS_OF_THE_ID):
        value = str(environ.get(name, ""))
        plain = value.partition(" ")[2].strip()
        yield from (value, plain, id_sessione(_text(plain)))
    yield (password_proof.parse_basic(environ.get("HTTP_AUTHORIZATION")) or ("", ""))[1]


def _begin() -> None:
    """Runs before every call that a server answers."""
    uses.keep_writing()
    grace.refresh(database_clock.now())
    connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()  # as Django at the start of a request


class GateInFront:
    """WSGI: answers the gate's path and passes every other request on. Runs `begin` before every call.

    It stands in front of RequestIds, so it sets the request id itself: for the logs, and for every answer but a 204.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], begin: Callable[[], None] = _begin) -> None:
        self.application = application
        self.begin = begin

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") not in (PATH, ASSERTION_PATH):
            return self.application(environ, start_response)
        number = request_id.taken_or_made(environ.get("HTTP_X_REQUEST_ID", ""))
        request_id.current.set(number)
        try:
            self.begin()
            status, headers, body = answer(environ)
        except Exception as error:
            # Fail closed: the proxy refuses the call unless it gets a 2xx.
            measures.gate("failed", perf_counter())
            status, headers, body = HTTPStatus.SERVICE_UNAVAILABLE, _EMPTY, b""
            if is_busy(error):
                logger.warning("The gate found the database busy (%s).", type(error).__name__)
                headers = [*_EMPTY, ("Retry-After", str(RETRY_AFTER))]
            else:
                logger.error("The gate could not answer.\n%s", scrubbed_traceback(_secrets(environ)))
        if status is not HTTPStatus.NO_CONTENT:
            headers = [*headers, ("X-Request-ID", number)]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body] if body else []
