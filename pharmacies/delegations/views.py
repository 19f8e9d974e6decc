"""«Persone»: who acts for the pharmacy; titolare and direttore give delegations, change them, take them back."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from pharmacies import site_words
from pharmacies.access import DELEGATING, OfficeRequest, fresh_holder_required, holder_required
from pharmacies.delegations import acts
from pharmacies.delegations.forms import DelegationForm, NewDelegationForm
from pharmacies.delegations.people import people_of
from pharmacies.models import Office
from portal.time.clock import ROME, now_of

IS_HOLDER = gettext_lazy("Questa persona è già titolare o direttore della %(noun)s: una delega non le serve")
NOT_GIVEN_HERE = gettext_lazy(
    "Questa delega non è più in vigore, oppure l’ha registrata un operatore: chiama l’assistenza."
)
asks_and_acts = require_http_methods(["GET", "HEAD", "POST"])


@holder_required(DELEGATING)
@require_safe
def people(request: OfficeRequest) -> HttpResponse:
    """Lists the offices in force, with the acts on the delegations that were given here."""
    holders, delegates = people_of(request.pharmacy, now_of(request))
    return _page(request, "people", {"holders": holders, "delegates": delegates})


@fresh_holder_required(DELEGATING)
@asks_and_acts
def give(request: OfficeRequest) -> HttpResponse:
    """Asks to whom, until when and for what; gives the delegation at once."""
    now = now_of(request)
    form = NewDelegationForm(request.user.codice_fiscale or "", now.astimezone(ROME).date(), request.POST or None)
    site_words.fill(form, request.pharmacy)
    if form.is_valid():
        given_to = form.cleaned_data["codice_fiscale"]
        try:
            acts.give(
                request.pharmacy, given_to, form.names, form.until, ids=form.ids, hours=form.hours, by=request.user, now=now
            )  # fmt: skip
        except acts.IsHolder:
            form.add_error("codice_fiscale", site_words.about(IS_HOLDER, request.pharmacy))
        except acts.AlreadyHeld:
            form.add_error(
                "codice_fiscale",
                _("Questa persona ha già una delega, o ne ha una che comincia: la trovi in «Persone»."),
            )
        else:
            messages.success(
                request,
                _("Delega data a %(name)s: vale da subito. Entra con la propria identità digitale e trova la %(noun)s.")
                % {"name": f"{form.names[1]} {form.names[0]}", "noun": request.pharmacy.noun},
            )
            return _back(request)
    return _page(request, "give", {"form": form})


@fresh_holder_required(DELEGATING)
@asks_and_acts
def change(request: OfficeRequest, pk: int) -> HttpResponse:
    """Changes until when and for what."""
    office, now = _delegation(request, pk), now_of(request)
    if not _is_open(request, office):
        return _back(request)
    today = now.astimezone(ROME).date()
    form = DelegationForm(today, request.POST or None, initial=DelegationForm.facts_of(office))
    site_words.fill(form, request.pharmacy)
    if form.is_valid():
        try:
            changed = acts.change(office, form.until, ids=form.ids, hours=form.hours, by=request.user, now=now)
        except acts.NotGivenHere:
            messages.warning(request, NOT_GIVEN_HERE)
            return _back(request)
        if changed:
            messages.success(request, _("Delega di %(name)s cambiata: vale da subito.") % {"name": office.name})
        else:
            messages.info(request, _("La delega di %(name)s è già così.") % {"name": office.name})
        return _back(request)
    return _page(request, "change", {"form": form, "delegation": office})


@fresh_holder_required(DELEGATING)
@asks_and_acts
def take_back(request: OfficeRequest, pk: int) -> HttpResponse:
    """GET says what the person can no longer do; POST takes the delegation back at once."""
    office, now = _delegation(request, pk), now_of(request)
    if not _is_open(request, office):
        return _back(request)
    if request.method != "POST":
        return _page(request, "take_back", {"delegation": office})
    try:
        acts.take_back(office, by=request.user, now=now)
    except acts.NotGivenHere:
        messages.warning(request, NOT_GIVEN_HERE)
    else:
        messages.success(
            request,
            _("Delega di %(name)s tolta: non può più operare per la %(noun)s.")
            % {"name": office.name, "noun": request.pharmacy.noun},
        )
    return _back(request)


def _delegation(request: OfficeRequest, pk: int) -> Office:
    return get_object_or_404(request.pharmacy.offices.filter(role=Office.Role.DELEGATE), pk=pk)


def _is_open(request: OfficeRequest, office: Office) -> bool:
    """True for a delegation given here and in force; else adds the sentence that says why it cannot be changed."""
    if office.until is not None and office.until <= now_of(request):
        messages.info(request, _("La delega di %(name)s è già finita.") % {"name": office.name})
        return False
    if not acts.may_change(office):
        messages.warning(request, NOT_GIVEN_HERE)
        return False
    return True


def _back(request: OfficeRequest) -> HttpResponse:
    return redirect("pharmacies:people", request.pharmacy.code)


def _page(request: OfficeRequest, name: str, context: Mapping[str, object]) -> HttpResponse:
    frame = {"pharmacy": request.pharmacy, "office": request.office, "current": "people"}
    return render(request, f"delegations/{name}.html", {**frame, **context})
