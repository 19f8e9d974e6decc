"""Guards of the pharmacy pages: a person's offices decide which pages they may open."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from pharmacies.models import Office, Pharmacy
from portal.identity.access import fresh_authentication_required, person_required
from portal.identity.models import User
from portal.time.clock import now_of

P = ParamSpec("P")


# Sentences that a delegate reads on a page for titolare and direttore.
CERTIFYING = "Solo il titolare o il direttore può certificare, modificare o revocare l’indirizzo della farmacia."
CHOOSING_REMINDERS = "Solo il titolare o il direttore può scegliere gli avvisi e i promemoria."
CHANGING_UTENZE = "Solo il titolare o il direttore può creare o modificare le utenze del gestionale."


class OfficeRequest(HttpRequest):
    """A request by a person who holds an office in `office.pharmacy`."""

    user: User
    office: Office
    pharmacy: Pharmacy
    has_other_pharmacies: bool


OfficeView: TypeAlias = Callable[Concatenate[OfficeRequest, P], HttpResponse]


def office_required(view: OfficeView[P]) -> Callable[..., HttpResponse]:
    """Requires an office in the pharmacy whose code the URL starts with; else 404, even when the pharmacy exists.

    Sets `request.office`, `request.pharmacy`, `request.has_other_pharmacies`.
    """

    @wraps(view)
    def guarded(request: HttpRequest, code: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        held = list(Office.objects.held_by(request.user.codice_fiscale, now_of(request)))  # type: ignore[union-attr, arg-type]
        # titolare and direttore before delegate, when a person is both
        offices = sorted(
            (office for office in held if office.pharmacy.code == code), key=lambda office: not office.may_certify
        )
        if not offices:
            raise Http404
        request.office, request.pharmacy = offices[0], offices[0].pharmacy  # type: ignore[attr-defined]
        request.has_other_pharmacies = any(office.pharmacy.code != code for office in held)  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return person_required(guarded)


def holder_required(refusal: str) -> Callable[[OfficeView[P]], Callable[..., HttpResponse]]:
    """As office_required, but only for titolare and direttore; a delegate gets 403 with the sentence `refusal`."""

    def decorated(view: OfficeView[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: OfficeRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.office.may_certify:
                raise PermissionDenied(refusal)
            return view(request, *args, **kwargs)

        return office_required(guarded)

    return decorated


def fresh_holder_required(refusal: str) -> Callable[[OfficeView[P]], Callable[..., HttpResponse]]:
    """As holder_required, and requires a login within FRESH_AUTHENTICATION_FOR (10 minutes).

    Checks the office first, so that a delegate reads the refusal without a second login.
    """

    def decorated(view: OfficeView[P]) -> Callable[..., HttpResponse]:
        # an OfficeRequest is a request
        return holder_required(refusal)(fresh_authentication_required(view))  # type: ignore[arg-type]

    return decorated
