"""Who you are is not what you may do: the offices decide."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from pharmacies.models import Office, Pharmacy
from portal.clock import now_of
from portal.identity.access import fresh_authentication_required, person_required
from portal.identity.models import User

P = ParamSpec("P")


class OfficeRequest(HttpRequest):
    """A request by a person who holds an office in `office.pharmacy`."""

    user: User
    office: Office
    pharmacy: Pharmacy
    has_other_pharmacies: bool


def office_required(
    view: Callable[Concatenate[OfficeRequest, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """For URLs that start with the pharmacy's code: sets `request.office`, `request.pharmacy`, `request.has_other_pharmacies`.

    A pharmacy in which the person holds no office does not exist for them: 404, whatever the register says.
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


def certifier_required(
    view: Callable[Concatenate[OfficeRequest, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """As office_required, and only titolare or direttore: a delegate gets 403 with the reason."""

    @wraps(view)
    def guarded(request: OfficeRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.office.may_certify:
            raise PermissionDenied(
                "Solo il titolare o il direttore può certificare, modificare o revocare l’indirizzo della farmacia."
            )
        return view(request, *args, **kwargs)

    return office_required(guarded)


def fresh_certifier_required(
    view: Callable[Concatenate[OfficeRequest, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """As certifier_required, and the identity was shown in the last 10 minutes: who may not is told so before being asked."""
    return certifier_required(fresh_authentication_required(view))  # type: ignore[arg-type]  # an OfficeRequest is a request
