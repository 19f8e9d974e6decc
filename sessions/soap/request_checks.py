"""Checks a request, in the order of docs/contract.md, section 4, point 4: the first refusal is the answer."""

from collections.abc import Callable, Iterator
from itertools import chain

from pharmacies.models import Utenza
from sessions.credentials import pincode
from sessions.ids import askable
from sessions.models import Context
from sessions.soap import wire_words
from sessions.soap.envelope import Request
from sessions.soap.reply import SoapReply

PincodeCheck = Callable[[str], pincode.PincodeOutcome]


def first_refusal(request: Request, utenza: Utenza, context: Context | None, check: PincodeCheck) -> SoapReply | None:
    """The first refusal of this request of this utenza; None when it passes. `context` None: no such row.

    Lazy: the pincode is decrypted only when every earlier check has passed.
    """
    row = context or Context()  # no check looks at the row of an unknown context: `_not_configured` comes first
    steps = chain(
        _too_long(request),
        _missing_for_the_service(request),
        _another_user(request, utenza),
        _not_configured(request, utenza, context),
        _missing_in_the_context(request, row),
        _tipo(request, row),
        _pincode(request, check),
        _person_and_place(request, utenza),
        _context_not_respected(request, row),
        _options(request),
    )
    return next(steps, None)


def _too_long(request: Request) -> Iterator[SoapReply]:
    if request.too_long:
        yield SoapReply(wire_words.TOO_LONG, about=f": {request.too_long[0]}")


def _missing_for_the_service(request: Request) -> Iterator[SoapReply]:
    """The service requires the token and the contesto, the context's row the other fields."""
    if "token" in wire_words.FIELDS[request.operation] and not request.get("token"):
        yield SoapReply(wire_words.MISSING)
    if not request.get("contesto"):
        yield SoapReply(wire_words.MISSING_IN_CONTEXT, about=": contesto")


def _missing_in_the_context(request: Request, context: Context) -> Iterator[SoapReply]:
    """Code 300 names the field."""
    for name in wire_words.FIELDS[request.operation]:
        if name not in context.required_fields or name in wire_words.OF_THE_CONTEXT:
            continue
        if name == "identificativo":
            there = request.identificativo is not None and request.identificativo[1] is not None
        else:
            there = name in request.has if name in wire_words.MAY_BE_EMPTY else bool(request.get(name))
        if not there:
            yield SoapReply(wire_words.MISSING_IN_CONTEXT, about=f": {name}")


def _another_user(request: Request, utenza: Utenza) -> Iterator[SoapReply]:
    if request.get("userId") not in ("", utenza.user_id):
        yield SoapReply(wire_words.ANOTHER_USER)


def _tipo(request: Request, context: Context) -> Iterator[SoapReply]:
    if request.identificativo is None:
        return
    tipo = request.identificativo[0]
    if not tipo:
        yield SoapReply(wire_words.TIPO_MISSING)
    elif tipo != context.allowed_tipo or tipo != wire_words.PINCODE:
        yield SoapReply(wire_words.TIPO_WRONG)


def _pincode(request: Request, check: PincodeCheck) -> Iterator[SoapReply]:
    if request.identificativo is None:
        return
    match check(request.identificativo[1] or ""):
        case pincode.PincodeOutcome.MALFORMED:
            yield SoapReply(wire_words.PINCODE_MALFORMED)
        case pincode.PincodeOutcome.WRONG:
            yield SoapReply(wire_words.PINCODE_WRONG)


def _person_and_place(request: Request, utenza: Utenza) -> Iterator[SoapReply]:
    """Compares the fields that were sent: one that is absent or empty, and not required, is not compared."""
    received = request.get("cfUtente")
    if received not in ("", utenza.codice_fiscale):
        yield SoapReply(wire_words.CODICE_FISCALE_WRONG, about=f" {received}")
    codes = {"codRegione": utenza.codice_regione, "codAslAo": utenza.codice_asl, "codSsa": utenza.codice_ssa}
    if any(request.get(name) not in ("", code) for name, code in codes.items()):
        yield SoapReply(wire_words.PLACE_WRONG)


def _not_configured(request: Request, utenza: Utenza, context: Context | None) -> Iterator[SoapReply]:
    """No row for (contesto, applicazione); or, on create, a row of which sites of this type may ask for no id."""
    if context is None or (
        request.operation is wire_words.Operation.CREATE and not askable.may_ask(utenza.pharmacy_id, context.pk)
    ):
        yield SoapReply(wire_words.CONTEXT_UNKNOWN)


def _context_not_respected(request: Request, context: Context) -> Iterator[SoapReply]:
    """An element that the context wants is missing, or on create the applicazione is: SSN 3.1 makes it mandatory (RICETTA-DEM)."""
    if request.operation is wire_words.Operation.CREATE and context.closed_to_new:
        yield SoapReply(wire_words.CONTEXT_NOT_RESPECTED)
    if any(name in context.required_fields and name not in request.has for name in wire_words.OF_THE_CONTEXT):
        yield SoapReply(wire_words.CONTEXT_NOT_RESPECTED)


def _options(request: Request) -> Iterator[SoapReply]:
    """Refuses every option, because no context has any; the codes for malformed options come first."""
    keys = [key for key, _ in request.options]
    if not all(value for _, value in request.options):
        yield SoapReply(wire_words.OPTION_WITHOUT_VALUE)
    if not all(keys):
        yield SoapReply(wire_words.OPTION_WITHOUT_KEY)
    if keys:
        yield SoapReply(wire_words.OPTION_NOT_ALLOWED)
