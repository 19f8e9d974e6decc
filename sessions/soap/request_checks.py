"""What a request must be, in the order of docs/contract.md, section 4, point 4: the first refusal is the answer."""

from collections.abc import Callable, Iterator
from itertools import chain

from pharmacies.models import Utenza
from sessions.credentials import pincode
from sessions.models import Context
from sessions.soap import wire_words
from sessions.soap.envelope import Request
from sessions.soap.reply import Reply

PincodeCheck = Callable[[str], pincode.PincodeOutcome]


def first_refusal(request: Request, utenza: Utenza, context: Context | None, check: PincodeCheck) -> Reply | None:
    """Why this request of this utenza is refused; None when it is not. `context` None: no such row.

    Lazy: the pincode is deciphered only when all that comes before it is right.
    """
    row = context or Context()  # what is required where nothing is configured: the defaults of a row
    steps = chain(
        _too_long(request),
        _missing(request, row),
        _another_user(request, utenza),
        _tipo(request, row),
        _pincode(request, check),
        _person_and_place(request, utenza),
        _context(request, context),
        _options(request),
    )
    return next(steps, None)


def _too_long(request: Request) -> Iterator[Reply]:
    if request.too_long:
        yield Reply(wire_words.TOO_LONG)


def _missing(request: Request, context: Context) -> Iterator[Reply]:
    """The token and the contesto are required by the service, the others by the row of the context; 300 names the field."""
    required = {*context.required_fields, "contesto"}
    for name in wire_words.FIELDS[request.operation]:
        if name == "token" and not request.get("token"):
            yield Reply(wire_words.MISSING)
        if name not in required or name in wire_words.OF_THE_CONTEXT:
            continue
        if name == "identificativo":
            there = request.identificativo is not None and request.identificativo[1] is not None
        else:
            there = name in request.has if name in wire_words.MAY_BE_EMPTY else bool(request.get(name))
        if not there:
            yield Reply(wire_words.MISSING_IN_CONTEXT, about=f": {name}")


def _another_user(request: Request, utenza: Utenza) -> Iterator[Reply]:
    if request.get("userId") not in ("", utenza.user_id):
        yield Reply(wire_words.ANOTHER_USER)


def _tipo(request: Request, context: Context) -> Iterator[Reply]:
    if request.identificativo is None:
        return
    tipo = request.identificativo[0]
    if not tipo:
        yield Reply(wire_words.TIPO_MISSING)
    elif tipo != context.allowed_tipo or tipo != wire_words.PINCODE:
        yield Reply(wire_words.TIPO_WRONG)


def _pincode(request: Request, check: PincodeCheck) -> Iterator[Reply]:
    if request.identificativo is None:
        return
    match check(request.identificativo[1] or ""):
        case pincode.PincodeOutcome.MALFORMED:
            yield Reply(wire_words.PINCODE_MALFORMED)
        case pincode.PincodeOutcome.WRONG:
            yield Reply(wire_words.PINCODE_WRONG)


def _person_and_place(request: Request, utenza: Utenza) -> Iterator[Reply]:
    """Of what was sent: a field that is absent or empty, and that the context does not require, says nothing."""
    received = request.get("cfUtente")
    if received not in ("", utenza.codice_fiscale):
        yield Reply(wire_words.CODICE_FISCALE_WRONG, about=f" Valore ricevuto: {received}")
    codes = {"codRegione": utenza.codice_regione, "codAslAo": utenza.codice_asl, "codSsa": utenza.codice_ssa}
    if any(request.get(name) not in ("", code) for name, code in codes.items()):
        yield Reply(wire_words.PLACE_WRONG)


def _context(request: Request, context: Context | None) -> Iterator[Reply]:
    if context is None:
        yield Reply(wire_words.CONTEXT_UNKNOWN)
    elif any(name in context.required_fields and name not in request.has for name in wire_words.OF_THE_CONTEXT):
        yield Reply(wire_words.CONTEXT_NOT_RESPECTED)


def _options(request: Request) -> Iterator[Reply]:
    """No context has a place for an option, so each is refused: the codes of those that are badly made go before."""
    keys = [key for key, _ in request.options]
    if not all(value for _, value in request.options):
        yield Reply(wire_words.OPTION_WITHOUT_VALUE)
    if not all(keys):
        yield Reply(wire_words.OPTION_WITHOUT_KEY)
    if len(keys) > wire_words.OPTIONS_AT_MOST:
        yield Reply(wire_words.TOO_MANY_OPTIONS)
    if len(set(keys)) < len(keys):
        yield Reply(wire_words.OPTION_TWICE)
    if keys:
        yield Reply(wire_words.OPTION_NOT_ALLOWED)
