"""The pages of the stub providers: one to choose the answer, one that sends the signed answer to the portal."""

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
from portal.demo.identity.forms import AnswerForm, faults_of
from portal.demo.identity.openid_answers import id_claims, person_claims
from portal.demo.identity.openid_desk import OpenidQuestion
from portal.demo.identity.providers import answer
from portal.demo.identity.saml_desk import StubQuestion
from portal.identity.providers.base import allow_forms_to
from portal.identity.providers.saml import service_provider
from portal.time.clock import real_now_of

_METHODS = {
    "spid": {"key": "spid", "name": "Identità digitale di prova", "instead_of": "SPID"},
    "cie": {"key": "cie", "name": "Carta d’identità di prova", "instead_of": "CIE"},
    "cie-oidc": {"key": "cie", "name": "Carta d’identità di prova", "instead_of": "CIE"},
    "ts-cns": {"key": "ts-cns", "name": "Tessera sanitaria di prova", "instead_of": "TS-CNS"},
}
_SAML = ("spid", "cie")
_SAML_NAMES = {"question": "SAML AuthnRequest", "answer": "SAML Response"}
_OPENID_NAMES = {
    "question": "request object di OpenID Connect",
    "answer": "ritorno, ID token e UserInfo di OpenID Connect",
}


@dataclass(frozen=True)
class StubAnswer:
    """The form fields for the portal, and the answer as readable text (`shown`)."""

    fields: dict[str, str]
    shown: str = ""
    by: str = "post"  # method of the form


@never_cache
@require_http_methods(["GET", "POST"])
def identity_provider(request: HttpRequest, method: str) -> HttpResponse:
    """Shows the choices, then a page whose only button sends the answer to the portal."""
    if method not in _METHODS:
        raise Http404
    now = real_now_of(request)
    names = _OPENID_NAMES if method == openid_desk.METHOD else _SAML_NAMES
    context = dict[str, object](method=_METHODS[method], names=names)
    question = _question(method, request, now)
    if question is None:
        return _unlisted(render(request, "demo/identity/bad_request.html", context, status=400))
    form = AnswerForm(method, request.POST or None, purpose=getattr(question, "purpose", ""))
    if "gestore" in form.fields:
        # SPID requires a random order of the providers
        form.fields["gestore"].choices = random.sample(form.fields["gestore"].choices, k=12)  # type: ignore[attr-defined]
    context["question"] = question
    if not form.is_valid():
        return _unlisted(render(request, f"demo/identity/{_METHODS[method]['key']}.html", context | {"form": form}))
    outcome, fault = form.cleaned_data["esito"], form.cleaned_data.get("difetto", "")
    context |= {
        "answer": _answer(method, question, form, now),
        "outcome": dict(form.fields["esito"].choices)[outcome],  # type: ignore[attr-defined]
        "went_well": outcome == "ok",
        "person": form.claims(),
        "gestore": form.cleaned_data.get("gestore", ""),
        "fault": next((known.label for known in faults_of(method) if known.key == fault), ""),
        "twice": fault == faults.REPEATED,
        "address": _address_of_the_portal(method),
    }
    response = _unlisted(render(request, "demo/identity/answer.html", context))
    allow_forms_to(response, [] if saml_desk.same_site() else [settings.PORTAL_URL])
    return response


@require_safe
def metadata(request: HttpRequest, method: str) -> HttpResponse:
    """Publishes the stub's SAML metadata."""
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


def _answer(method: str, question: StubQuestion, form: AnswerForm, now: datetime) -> StubAnswer:
    outcome = form.cleaned_data["esito"]
    if isinstance(question, OpenidQuestion):
        return _answer_by_openid(question, form, outcome, now)
    if method not in _SAML:
        person = form.claims() | {"authenticated_at": now.timestamp()}
        return StubAnswer({"stato": question.state, "risposta": answer(method, question.state, outcome, now, person)})
    right = saml_desk.answer(method, question, form.claims(), outcome, now)
    made = faults.made(right, form.cleaned_data["difetto"], saml_desk.key_of(method), saml_desk.strangers_key())
    packed = base64.b64encode(etree.tostring(made)).decode()
    return StubAnswer({"SAMLResponse": packed, "RelayState": question.state}, saml_desk.readable(made))


def _answer_by_openid(question: OpenidQuestion, form: AnswerForm, outcome: str, now: datetime) -> StubAnswer:
    """Returns the code for the browser. The tokens, which the portal fetches with it, are only shown."""
    state = {"state": question.state, "iss": openid_desk.provider_id()}
    if outcome != "ok":
        return StubAnswer({"error": outcome, **state}, json.dumps({"error": outcome} | state, indent=2), "get")
    fault = openid_faults.fault_of(form.cleaned_data["difetto"])
    code = openid_views.code_for(question, form.claims(), fault.key, now)
    right = openid_views.answer_of(openid_views.kept_in(code, now), now)
    brought = fault.brought({"code": code, **state})
    shown = {
        "ritorno": brought | {"code": f"{code[:24]}…"},
        "id_token": fault.token(id_claims(right, "")),
        "userinfo": fault.person(person_claims(right)),
    }
    return StubAnswer(brought, json.dumps(shown, indent=2, ensure_ascii=False), "get")


def _address_of_the_portal(method: str) -> str:
    """Returns the portal's answer address, without its host when the stub shares it (see StubSaml.start)."""
    key = _METHODS[method]["key"]
    if saml_desk.same_site():
        return reverse("identity:answer", args=[key])
    return service_provider.addresses(key).answer


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
