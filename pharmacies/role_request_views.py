"""The pages of «Sono titolare o direttore di una farmacia»: the form, the person's own requests, «Ritira»."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pharmacies.codes import LONGEST
from pharmacies.models import RoleRequest
from pharmacies.people import role_requests
from pharmacies.people.role_request_form import RoleRequestForm
from portal.identity.access import person_required
from portal.identity.models import User
from portal.time.clock import ROME, now_of


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Shows the form and the person's requests; POST sends a request. The answer says nothing about the pharmacy."""
    now, person = now_of(request), _person(request)
    form = RoleRequestForm(
        request.POST if request.method == "POST" else None,
        today=now.astimezone(ROME).date(),
        initial={"codice": request.GET.get("codice", "")[:LONGEST]},
    )
    if form.is_valid():
        try:
            role_requests.ask(person, form.wanted(), now)
        except role_requests.RequestRefused as refusal:
            form.add_error(None, str(refusal.sentence))
        else:
            messages.success(request, _("Richiesta inviata: la risposta la leggi qui, quando rientri."))
            return redirect("pharmacies:choose")
    context = {"form": form, "requests": role_requests.shown_to(person, now).select_related("pharmacy")}
    return render(request, "pharmacies/role_request.html", context)


@person_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """«Ritira»: only one's own request."""
    row = get_object_or_404(RoleRequest.objects.select_related("person", "pharmacy"), pk=pk, person=_person(request))
    if role_requests.withdraw(row, now_of(request)):
        messages.success(request, _("Richiesta ritirata."))
    else:
        messages.info(request, _("Questa richiesta è già chiusa."))
    return redirect("pharmacies:choose")


def _person(request: HttpRequest) -> User:
    assert request.user.is_authenticated  # noqa: S101  person_required checked it
    return request.user
