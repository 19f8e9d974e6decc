"""The stub providers' pages: one page to choose, one page that hands the signed answer back to the portal."""

import base64
import json
import random
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from lxml import etree

from portal.demo.identity import envelopes, faults, openid_desk, openid_faults, openid_views, saml_desk
from portal.demo.identity.forms import OUTCOMES, AnswerForm, faults_of
from portal.demo.identity.openid_answers import id_claims, person_claims
from portal.demo.identity.openid_desk import OpenidQuestion
from portal.demo.identity.providers import answer
from portal.demo.identity.saml_desk import StubQuestion
from portal.identity.providers.base import allow_forms_to
from portal.identity.providers.saml import service_provider
from portal.time.clock import now_of

_METHODS = {
    "spid": {"key": "spid", "name": "Identità digitale di prova", "instead_of": "SPID"},
    "cie": {"key": "cie", "name": "Carta d’identità di prova", "instead_of": "CIE"},
    "cie-oidc": {"key": "cie", "name": "Carta d’identità di prova", "instead_of": "CIE"},
    "ts-cns": {"key": "ts-cns", "name": "Tessera sanitaria di prova", "instead_of": "TS-CNS"},
}
_SAML = ("spid", "cie")
_SAML_NAMES = {"asked": "SAML AuthnRequest", "said": "SAML Response"}
_OPENID_NAMES = {"asked": "request object di OpenID Connect", "said": "ritorno, ID token e UserInfo di OpenID Connect"}


@dataclass(frozen=True)
class StubAnswer:
    """The fields that go back to the portal, and the answer as a person may read it."""

    fields: dict[str, str]
    shown: str = ""
    by: str = "post"  # how the browser carries them


@never_cache
@require_http_methods(["GET", "POST"])
def identity_provider(request: HttpRequest, method: str) -> HttpResponse:
    """Shows the choices; once made, a page whose only button carries the signed answer back (never in an address)."""
    if method not in _METHODS:
        raise Http404
    now = now_of(request)
    names = _OPENID_NAMES if method == openid_desk.METHOD else _SAML_NAMES
    context = dict[str, object](method=_METHODS[method], names=names)
    asked = _question(method, request, now)
    if asked is None:
        return _unlisted(render(request, "demo/identity/bad_request.html", context, status=400))
    form = AnswerForm(method, request.POST or None)
    if "gestore" in form.fields:
        # the rules of SPID want the list in a random order
        form.fields["gestore"].choices = random.sample(form.fields["gestore"].choices, k=12)  # type: ignore[attr-defined]
    context["asked"] = asked
    if not form.is_valid():
        return _unlisted(render(request, f"demo/identity/{_METHODS[method]['key']}.html", context | {"form": form}))
    outcome, fault = form.cleaned_data["esito"], form.cleaned_data.get("difetto", "")
    context |= {
        "said": _answer(method, asked, form, now),
        "outcome": dict(OUTCOMES[method])[outcome],
        "went_well": outcome == "ok",
        "person": form.claims(),
        "gestore": form.cleaned_data.get("gestore", ""),
        "fault": next((each.label for each in faults_of(method) if each.key == fault), ""),
        "twice": fault == faults.REPEATED,
        "address": _address_of_the_portal(method),
    }
    response = _unlisted(render(request, "demo/identity/answer.html", context))
    allow_forms_to(response, [] if saml_desk.same_site() else [settings.PORTAL_URL])
    return response


@require_safe
def metadata(request: HttpRequest, method: str) -> HttpResponse:
    """What the stub publishes of itself, as a real provider does."""
    if method not in _SAML:
        raise Http404
    return _unlisted(HttpResponse(saml_desk.metadata(method), content_type="application/samlmetadata+xml"))


def _question(method: str, request: HttpRequest, now: datetime) -> StubQuestion | None:
    if method in _SAML:
        return saml_desk.question(method, request, now)
    if method == openid_desk.METHOD:
        return openid_desk.question(request, now)
    state = envelopes.state_in_request(method, request.GET.get("richiesta", ""), settings.LOGIN_PENDING_FOR)
    return None if state is None else StubQuestion(state)


def _answer(method: str, asked: StubQuestion, form: AnswerForm, now: datetime) -> StubAnswer:
    outcome = form.cleaned_data["esito"]
    if isinstance(asked, OpenidQuestion):
        return _answer_by_openid(asked, form, outcome, now)
    if method not in _SAML:
        person = form.claims() | {"authenticated_at": now.timestamp()}
        return StubAnswer({"stato": asked.state, "risposta": answer(method, asked.state, outcome, now, person)})
    right = saml_desk.answer(method, asked, form.claims(), outcome, now)
    made = faults.made(right, form.cleaned_data["difetto"], saml_desk.key_of(method), saml_desk.strangers_key())
    packed = base64.b64encode(etree.tostring(made)).decode()
    return StubAnswer({"SAMLResponse": packed, "RelayState": asked.state}, saml_desk.readable(made))


def _answer_by_openid(asked: OpenidQuestion, form: AnswerForm, outcome: str, now: datetime) -> StubAnswer:
    """The code goes with the browser; the tokens are fetched with it, and shown here as they will be."""
    state = {"state": asked.state, "iss": openid_desk.provider_id()}
    if outcome != "ok":
        return StubAnswer({"error": outcome, **state}, json.dumps({"error": outcome} | state, indent=2), "get")
    fault = openid_faults.fault_of(form.cleaned_data["difetto"])
    code = openid_views.code_for(asked, form.claims(), fault.key, now)
    right = openid_views.answer_of(openid_views.kept_in(code, now), now)
    brought = fault.brought({"code": code, **state})
    shown = {
        "ritorno": brought | {"code": f"{code[:24]}…"},
        "id_token": fault.token(id_claims(right, "")),
        "userinfo": fault.person(person_claims(right)),
    }
    return StubAnswer(brought, json.dumps(shown, indent=2, ensure_ascii=False), "get")


def _address_of_the_portal(method: str) -> str:
    """Without its host where the stub lives on the portal's own site (see StubSaml.start)."""
    key = _METHODS[method]["key"]
    if saml_desk.same_site():
        return reverse("identity:answer", args=[key])
    return service_provider.addresses(key).answer


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
