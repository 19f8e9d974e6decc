"""`/prova/cassa/`: the page of the till and its settings. Every button is a form; no JavaScript."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.demo.till.client import PURPOSES, Till
from portal.demo.till.drawer import close_drawer, open_drawer
from portal.time.clock import now_of

ACTS: dict[str, Callable[[Till], Till]] = {
    "genera": Till.generate,
    "prendi": Till.take,
    "verifica": Till.check,
    "eroga": Till.dispense,
    "revoca": Till.revoke,
}
CHOICES = [(" ".join(purpose), " · ".join(purpose)) for purpose in PURPOSES]


class SettingsForm(forms.Form):
    """The utenza of this till. An empty password or pincode keeps the current one."""

    user_id = forms.CharField(label="UserId", max_length=16, error_messages={"required": "Scrivi lo userId"})
    password = forms.CharField(
        label="Password", required=False, strip=False, max_length=128, help_text="Vuota: resta quella di prima.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    pincode = forms.CharField(
        label="Pincode", required=False, max_length=16, help_text="Vuoto: resta quello di prima. Parte sempre cifrato.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )  # fmt: skip
    codice_fiscale = forms.CharField(
        label="Codice fiscale", max_length=16, error_messages={"required": "Scrivi il codice fiscale"}
    )
    regione = forms.CharField(
        label="Codice regione", max_length=3, error_messages={"required": "Scrivi il codice regione"}
    )
    asl = forms.CharField(label="Codice ASL/AO", max_length=3, error_messages={"required": "Scrivi il codice ASL/AO"})
    ssa = forms.CharField(label="Codice SSA", max_length=6, error_messages={"required": "Scrivi il codice SSA"})
    uso = forms.ChoiceField(label="Tipo di ricetta", choices=CHOICES)

    @classmethod
    def of(cls, till: Till, data: Any = None) -> "SettingsForm":
        region, asl, ssa = till.codes
        initial = {
            "user_id": till.user_id, "codice_fiscale": till.codice_fiscale, "regione": region, "asl": asl, "ssa": ssa,
            "uso": " ".join(till.purpose),
        }  # fmt: skip
        return cls(data, initial=initial)

    def applied_to(self, till: Till) -> Till:
        """Returns a till with these settings and an empty red box, because an id belongs to one utenza and one purpose."""
        data = self.cleaned_data
        contesto, applicazione = data["uso"].split(" ")
        return Till(
            user_id=data["user_id"],
            password=data["password"] or till.password,
            pincode=data["pincode"] or till.pincode,
            codice_fiscale=data["codice_fiscale"].upper(),
            codes=(data["regione"], data["asl"], data["ssa"]),
            purpose=(contesto, applicazione),
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def till(request: HttpRequest) -> HttpResponse:
    """Shows the counter (light, red arrow, red box, «Eroga ricetta bianca») and runs its acts."""
    here, now = open_drawer(request), now_of(request)
    if request.method == "POST":
        wanted = request.POST.get("azione", "")
        if wanted == "incolla":
            after = here.paste(request.POST.get("id", ""))
        elif wanted in ACTS:
            after = ACTS[wanted](here)
        else:
            return HttpResponseBadRequest()
        return close_drawer(request, redirect("demo:till"), after)
    light, until = here.light(now)
    context = {"till": here, "light": light, "until": until, "service": settings.PORTAL_URL}
    return render(request, "demo/till/counter.html", context)


@sensitive_post_parameters("password", "pincode")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def till_settings(request: HttpRequest) -> HttpResponse:
    """Shows and saves the utenza of the till."""
    here = open_drawer(request)
    if "ripristina" in request.POST:
        return close_drawer(request, redirect("demo:till"), Till())
    form = SettingsForm.of(here, request.POST or None)
    if form.is_valid():
        return close_drawer(request, redirect("demo:till"), form.applied_to(here))
    return render(request, "demo/till/settings.html", {"form": form})
