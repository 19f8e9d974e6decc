"""The stub providers' pages: one page to choose, one page that hands the signed answer back to the portal."""

import random

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.clock import now_of
from portal.demo.identity import envelopes
from portal.demo.identity.forms import OUTCOMES, AnswerForm
from portal.demo.identity.providers import answer

_METHODS = {
    "spid": {"key": "spid", "name": "Identità digitale di prova", "instead_of": "SPID"},
    "cie": {"key": "cie", "name": "Carta d’identità di prova", "instead_of": "CIE"},
    "ts-cns": {"key": "ts-cns", "name": "Tessera sanitaria di prova", "instead_of": "TS-CNS"},
}


@never_cache
@require_http_methods(["GET", "POST"])
def identity_provider(request: HttpRequest, method: str) -> HttpResponse:
    """Shows the choices; once made, a page whose only button carries the signed answer back (never in an address)."""
    if method not in _METHODS:
        raise Http404
    context: dict[str, object] = {"method": _METHODS[method]}
    state = envelopes.state_in_request(method, request.GET.get("richiesta", ""), settings.LOGIN_PENDING_FOR)
    if state is None:
        return _unlisted(render(request, "demo/identity/bad_request.html", context, status=400))
    form = AnswerForm(method, request.POST or None)
    if "gestore" in form.fields:
        # the rules of SPID want the list in a random order
        form.fields["gestore"].choices = random.sample(form.fields["gestore"].choices, k=12)  # type: ignore[attr-defined]
    if not form.is_valid():
        return _unlisted(render(request, f"demo/identity/{method}.html", context | {"form": form}))
    now, outcome = now_of(request), form.cleaned_data["esito"]
    person = form.claims() | {"authenticated_at": now.timestamp()}
    context |= {
        "state": state,
        "answer": answer(method, state, outcome, now, person),
        "outcome": dict(OUTCOMES[method])[outcome],
        "went_well": outcome == "ok",
        "person": person,
        "gestore": form.cleaned_data.get("gestore", ""),
    }
    return _unlisted(render(request, "demo/identity/answer.html", context))


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
