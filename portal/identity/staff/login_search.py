"""«Accessi con identità digitale»: the login records of one person, searched by codice fiscale, with a reason for the journal.

Role «sicurezza». The codice fiscale travels in a POST: never in a URL, a log or the journal.
"""

import json
import re
from dataclasses import dataclass

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from lxml import etree

from portal.identity.access import staff_of, staff_required
from portal.identity.models import LoginRecord, User
from portal.identity.people.refusal_sentences import refusal_of
from portal.identity.providers.oidc import jose
from portal.identity.providers.oidc.jose import NotTrusted
from portal.identity.providers.saml.request import carried_by
from portal.journal.models import record
from portal.secrets.sealing import SealBroken
from portal.time.clock import real_now_of
from portal.values import codice_fiscale

SHOWN = 50
_SIGNED_JSON = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")


class LoginSearchForm(forms.Form):
    codice_fiscale = forms.CharField(
        label="Codice fiscale",
        max_length=30,
        error_messages={"required": "Scrivi il codice fiscale della persona."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    motivo = forms.CharField(
        label="Motivo della ricerca",
        help_text="Resta nel registro attività, con il tuo nome. Per esempio il numero della richiesta dell’autorità.",
        min_length=5,
        max_length=200,
        error_messages={"required": "Scrivi il motivo.", "min_length": "Scrivi il motivo in qualche parola in più."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_codice_fiscale(self) -> str:
        typed = codice_fiscale.normalise(str(self.cleaned_data["codice_fiscale"]))
        codice_fiscale.validate(typed)
        return typed


@dataclass(frozen=True)
class Login:
    """One record as the page shows it. `request` and `response` are broken into lines for reading."""

    row: LoginRecord
    ended: str
    request: str
    response: str


@staff_required("sicurezza")
@sensitive_post_parameters("codice_fiscale")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login_search(request: HttpRequest) -> HttpResponse:
    form, found = LoginSearchForm(request.POST or None), None
    if form.is_valid():
        found = _found(request, form.cleaned_data["codice_fiscale"], form.cleaned_data["motivo"])
    return render(request, "identity/login_search.html", {"form": form, "found": found, "shown": SHOWN})


@transaction.atomic
def _found(request: HttpRequest, fiscal_code: str, because: str) -> list[Login]:
    """The newest logins of this person. Journals the search in the same transaction: without the entry nothing is shown."""
    person = User.objects.filter(codice_fiscale=fiscal_code).first()
    name = str(person) if person else "una persona mai entrata"
    reason = " ".join(because.split()).rstrip(".")
    record(
        "logins.searched", now=real_now_of(request), actor=staff_of(request), subject=person, name=name, because=reason
    )
    return [_shown(row) for row in LoginRecord.objects.of_person(fiscal_code)[:SHOWN]]


def _shown(row: LoginRecord) -> Login:
    ended = "Entrato" if row.outcome == "ok" else refusal_of(row.outcome).title
    try:
        return Login(row, ended, _question(row.request), _on_lines(row.response))
    except SealBroken:
        return Login(row, ended, "", "Non si può aprire: manca la chiave con cui è stato sigillato.")


def _question(document: bytes) -> str:
    """The request for reading; for a URL of the SAML Redirect binding, followed by the AuthnRequest inside it."""
    inside = carried_by(document.decode(errors="replace"))
    return f"{_on_lines(document)}\n\n{_on_lines(inside)}" if inside else _on_lines(document)


def _on_lines(document: bytes) -> str:
    """Indents XML and replaces signed JWTs by their claims. The text is untrusted: templates must escape it."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
        return etree.tostring(etree.fromstring(document, parser), pretty_print=True, encoding="unicode")
    except (etree.LxmlError, ValueError):
        return _SIGNED_JSON.sub(_claims, document.decode(errors="replace"))


def _claims(token: re.Match[str]) -> str:
    """The claims of one JWT, unverified, for reading; the record keeps the original."""
    try:
        return json.dumps(jose.unverified(token.group()), indent=1, ensure_ascii=False)
    except NotTrusted:
        return token.group()
