"""Guards of the pharmacy pages: a person's offices decide which pages they may open.

A titolare or direttore (MAY_CERTIFY) opens every page. A delegate reads the pages that change nothing, and opens the pages of
the ids or of hours and reminders if the delegation includes them. Certification, utenze, calendar, semaforo, webhook and the
delegations themselves stay with titolare and direttore.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeAlias

from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from pharmacies import site_words
from pharmacies.models import Office, Pharmacy
from portal.database.composed import Composed
from portal.identity.access import fresh_authentication_required, person_required
from portal.identity.models import User
from portal.time.clock import now_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

P = ParamSpec("P")
ENDED_TOLD_FOR = timedelta(days=30)
_HELD = Composed(Office.objects.held_by)  # every page of a pharmacy asks


# Sentences that a delegate reads on a page that their delegation does not include.
CERTIFYING = _("Solo il titolare o il direttore può certificare, modificare o revocare l’indirizzo della %(noun)s.")
CHANGING_UTENZE = _("Solo il titolare o il direttore può creare o modificare le utenze del gestionale.")
# All three show data of the pharmacy to whoever knows an address, without login, even after a delegation has ended.
CONNECTING_PROGRAMS = _("Solo il titolare o il direttore può collegare il calendario e il gestionale.")
OPENING_SEMAFORO = _("Solo il titolare o il direttore può accendere e spegnere il semaforo.")
PREPARING_OPENINGS = _("Solo il titolare o il direttore può far chiedere gli ID SESSIONE prima dell’apertura.")
DELEGATING = _("Solo il titolare o il direttore può vedere, dare e togliere le deleghe.")
USING_IDS = _("La tua delega non comprende gli ID SESSIONE: può cambiarla il titolare o il direttore.")
SETTING_HOURS = _("La tua delega non comprende orari e promemoria: può cambiarla il titolare o il direttore.")


class OfficeEnded(Http404):
    """The person acted for this pharmacy until a short while ago; the page 404 shows `sentence`."""

    sentence = _("La delega o l’incarico è finito. Se non lo sapevi, chiedi a chi ti ha dato l’incarico.")

    def __init__(self, pharmacy: Pharmacy) -> None:
        super().__init__()
        self.noun = pharmacy.noun


class OfficeRequest(HttpRequest):
    """A request by a person who holds an office in `office.pharmacy`."""

    user: User
    office: Office
    pharmacy: Pharmacy
    has_other_pharmacies: bool
    may_use_ids: bool  # by any office of the person here
    may_set_hours: bool


OfficeView: TypeAlias = Callable[Concatenate[OfficeRequest, P], HttpResponse]


def office_required(view: OfficeView[P]) -> Callable[..., HttpResponse]:
    """Requires an office in the pharmacy whose code the URL starts with; else 404, even when the pharmacy exists.

    A person whose office ended within ENDED_TOLD_FOR reads so on the 404 page (OfficeEnded).

    Sets `request.office`, `request.pharmacy`, `request.has_other_pharmacies`, `request.may_use_ids`, `request.may_set_hours`.
    """

    @wraps(view)
    def guarded(request: HttpRequest, code: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        held = _HELD.all(request.user.codice_fiscale or "", now_of(request))  # type: ignore[union-attr]
        # titolare and direttore before delegate, when a person is both
        offices = sorted(
            (office for office in held if office.pharmacy.code == code), key=lambda office: not office.may_certify
        )
        if not offices:
            raise _why_not_found(request.user.codice_fiscale, code, now_of(request))  # type: ignore[union-attr]
        request.office, request.pharmacy = offices[0], offices[0].pharmacy  # type: ignore[attr-defined]
        request.has_other_pharmacies = any(office.pharmacy.code != code for office in held)  # type: ignore[attr-defined]
        request.may_use_ids = any(office.allows_ids for office in offices)  # type: ignore[attr-defined]
        request.may_set_hours = any(office.allows_hours for office in offices)  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return person_required(guarded)


def _why_not_found(codice_fiscale: str | None, code: str, now: datetime) -> Http404:
    ended = Office.objects.filter(codice_fiscale=codice_fiscale, pharmacy__code=code, until__lte=now)
    # an office that never began tells nothing
    lately = ended.filter(until__gt=now - ENDED_TOLD_FOR, since__lt=F("until")).select_related("pharmacy").first()
    return OfficeEnded(lately.pharmacy) if lately is not None else Http404()


def _only_if(
    is_allowed: Callable[[OfficeRequest], bool], refusal: "StrOrPromise"
) -> Callable[[OfficeView[P]], Callable[..., HttpResponse]]:
    """As office_required, and answers 403 with the sentence `refusal` unless `is_allowed`."""

    def decorated(view: OfficeView[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: OfficeRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not is_allowed(request):
                raise PermissionDenied(site_words.about(refusal, request.pharmacy))
            return view(request, *args, **kwargs)

        return office_required(guarded)

    return decorated


def holder_required(refusal: "StrOrPromise") -> Callable[[OfficeView[P]], Callable[..., HttpResponse]]:
    """As office_required, but only for titolare and direttore; a delegate gets 403 with the sentence `refusal`."""
    return _only_if(lambda request: request.office.may_certify, refusal)


def ids_required(view: OfficeView[P]) -> Callable[..., HttpResponse]:
    """As office_required, but a delegate needs a delegation that includes the ids (`may_use_ids`); else 403."""
    return _only_if(lambda request: request.may_use_ids, USING_IDS)(view)


def hours_required(view: OfficeView[P]) -> Callable[..., HttpResponse]:
    """As office_required, but a delegate needs a delegation that includes hours and reminders (`may_set_hours`); else 403."""
    return _only_if(lambda request: request.may_set_hours, SETTING_HOURS)(view)


def fresh_holder_required(refusal: "StrOrPromise") -> Callable[[OfficeView[P]], Callable[..., HttpResponse]]:
    """As holder_required, and requires a login within FRESH_AUTHENTICATION_FOR (10 minutes).

    Checks the office first, so that a delegate reads the refusal without a second login.
    """

    def decorated(view: OfficeView[P]) -> Callable[..., HttpResponse]:
        # an OfficeRequest is a request
        return holder_required(refusal)(fresh_authentication_required(view))  # type: ignore[arg-type]

    return decorated
