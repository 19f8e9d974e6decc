"""Handles one call, from its bytes to its answer. Source: docs/contract.md, section 4, which also orders the checks."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache, partial
from time import perf_counter
from typing import Any

from django.conf import settings

from pharmacies.models import Utenza
from portal import measures
from portal.database.contention import is_busy, tried_again
from portal.secrets.codes import digest
from portal.secrets.masking import scrubbed_traceback
from portal.web.client_address import client_address, known_ip
from portal.web.request_id import taken_or_made
from sessions.credentials import fingerprint, password_proof, pincode
from sessions.ids import issuing
from sessions.models import Context
from sessions.models.gate_row import READ_FOR_THE_SERVICE, GateRow, read
from sessions.soap import envelope, faults, operations, reply, request_checks
from sessions.soap.faults import ClientFault, HttpAnswer
from sessions.soap.wire_words import UNEXPECTED, Operation

_HEADERS_OF_THE_BODY = ("CONTENT_TYPE", "HTTP_SOAPACTION", "HTTP_CONTENT_ENCODING")
log = logging.getLogger(__name__)


@dataclass
class SoapCall:
    """One call in progress. Never log it whole: it holds secrets."""

    meta: Mapping[str, Any] = field(repr=False)
    now: datetime
    started: float = field(default_factory=perf_counter)  # seconds, for execution-time

    def __post_init__(self) -> None:
        self.id = taken_or_made(str(self.meta.get("HTTP_X_REQUEST_ID", "")))
        self.client = client_address(self.meta)
        self.basic = password_proof.parse_basic(self.meta.get("HTTP_AUTHORIZATION"))
        self.request: envelope.Request | None = None

    def text(self, name: str) -> str:
        return str(self.meta.get(name, ""))


def answer(meta: Mapping[str, Any], body: Callable[[], bytes | None], now: datetime) -> HttpAnswer:
    """Returns status, headers and body for one POST; `meta` as in WSGI. Raises nothing.

    `body` reads the request body; None when it is too large. It is read only after Basic has given a userId and a password:
    the portal waits for no slow client without them.
    """
    call = SoapCall(meta, now)
    try:
        response = tried_again(partial(_answered, call, cache(body)))
    except Exception as error:
        if is_busy(error):
            log.warning("Request %s to the A2F service found the database busy.", call.id)
        else:
            _write_down(call)
        response = _replied(call, reply.SoapReply(UNEXPECTED)) if call.request else faults.rejected()
    operation = call.request.operation.value if call.request else "refused"
    measures.A2F.labels(operation).observe(perf_counter() - call.started)
    return response.with_header("X-Request-Id", call.id)


def _answered(call: SoapCall, body: Callable[[], bytes | None]) -> HttpAnswer:
    if call.basic is None:
        return faults.rejected()
    message, fault = body(), None
    if message is None:
        return faults.too_large()
    try:
        call.request = envelope.read(message, *map(call.text, _HEADERS_OF_THE_BODY))
    except ClientFault as found:
        fault = found  # answered only once the password is proved
    token = call.request.get("token") if call.request else ""
    row = read(digest(token), READ_FOR_THE_SERVICE) if token else None
    utenza = _authenticated(call, *call.basic, token, row)
    if utenza is None:
        return faults.rejected()
    if not utenza.is_usable:
        return faults.not_usable()
    if fault is not None or call.request is None:
        return faults.client(fault or ClientFault())
    try:
        response = _replied(call, _reply(call, call.request, utenza, token, row))
    except operations.NoLongerUsable:
        return faults.not_usable()
    reply.checked(response.body)  # not in reply.written, which also writes the 9999 that reports a failure here
    return response


def _authenticated(call: SoapCall, user_id: str, password: str, token: str, row: GateRow | None) -> Utenza | None:
    """The utenza whose password this is; None when it is wrong.

    The fingerprint of a live id saves the slow hash, and the query: the row of the id holds the columns of the utenza.
    """
    if row is None or row.user_id != user_id or not row.is_live(call.now):
        return password_proof.prove(user_id, password, call.client, call.now)
    if fingerprint.matches(row.service_fingerprint, token, user_id, password, row.password):
        return Utenza(
            pk=row.utenza_id, user_id=row.user_id, codice_fiscale=row.codice_fiscale, password=row.password,
            pincode=row.pincode, disabled_at=row.disabled_at, blocked_at=row.blocked_at,
        )  # fmt: skip
    proved = password_proof.prove_with_id(row, token, password, call.client, call.now, door=password_proof.SERVICE)
    return proved.utenza if proved else None


def _reply(
    call: SoapCall, request: envelope.Request, utenza: Utenza, token: str, row: GateRow | None
) -> reply.SoapReply:
    if row is not None and row.utenza_id != utenza.pk:
        row = None  # an id of another utenza counts as unknown
    context = _context(request, row)
    live = row is not None and row.is_live(call.now)
    proof = (
        pincode.PincodeProof(token, row.pk, row.pincode_fingerprint, row.ciphertext_fingerprint)
        if row and live
        else None
    )
    examined = pincode.ExaminedPincode(pincode.PincodeOutcome.OK)  # until `check` is called

    def check(valore: str) -> pincode.PincodeOutcome:
        nonlocal examined
        examined = pincode.examine(utenza, valore, call.now, proof, call.client)
        return examined.outcome

    refusal = request_checks.first_refusal(request, utenza, context, check)
    if refusal is not None or context is None:
        return refusal or reply.SoapReply(UNEXPECTED)
    password = call.basic[1] if call.basic else ""
    from_gestionale = issuing.GestionaleRequest(known_ip(call.client), password, examined.pincode, examined.ciphertext)
    return operations.carry_out(request, operations.Caller(utenza, from_gestionale, row), context, call.now)


def _context(request: envelope.Request, row: GateRow | None) -> Context | None:
    """The row of (contesto, applicazione). An id of the same context brought its columns along: no query.

    Without applicazione a revoke or a checkToken means the id's own; for an unknown id, any row of the contesto will do.
    """
    contesto, applicazione = request.get("contesto"), request.get("applicazione")
    is_open = request.operation is not Operation.CREATE and "applicazione" not in request.has
    if row is not None and row.contesto == contesto and (is_open or row.applicazione == applicazione):
        return _context_as_read(contesto, row.applicazione, row.required_fields, row.allowed_tipo)
    rows = Context.objects.filter(contesto=contesto)
    return (rows.order_by("pk") if is_open else rows.filter(applicazione=applicazione)).first()


@lru_cache(maxsize=64)  # there are a handful of contexts
def _context_as_read(contesto: str, applicazione: str, required_fields: str, allowed_tipo: str) -> Context:
    """An unsaved Context, shared and read-only, with the columns that the checks need."""
    required = json.loads(required_fields)
    return Context(contesto=contesto, applicazione=applicazione, required_fields=required, allowed_tipo=allowed_tipo)


def _replied(call: SoapCall, content: reply.SoapReply) -> HttpAnswer:
    """Wraps the reply in its envelope; in TEST mode adds the comunicazioni, the id first."""
    assert call.request is not None  # noqa: S101  there is no reply without a request
    notes: list[tuple[str, str]] = []
    if settings.A2F_MODE == "TEST":
        seconds = f"{perf_counter() - call.started:.3f}".replace(".", ",")
        notes = [("token", content.plain)] if content.plain else []
        notes += [
            ("working-mode", "TEST"),
            ("client-ip", known_ip(call.client) or ""),
            ("execution-time-in-seconds", seconds),
        ]
    return HttpAnswer(200, reply.written(call.request.operation, content, notes))


def _write_down(call: SoapCall) -> None:
    """Logs the traceback with the request id, without the secrets of the call or row values in a database's message."""
    header = call.text("HTTP_AUTHORIZATION")
    secrets = [header, header.partition(" ")[2].strip(), *(call.basic or ())[1:]]
    if call.request is not None:
        secrets += [call.request.get("token"), (call.request.identificativo or ("", ""))[1] or ""]
    log.error("Request %s to the A2F service failed.\n%s", call.id, scrubbed_traceback(secrets))
