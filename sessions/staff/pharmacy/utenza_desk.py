"""The pages with which *anagrafica* creates an utenza, renews its secrets, hands it over and names its supplier.

No page shows a password or a pincode: the titolare or direttore collects them after signing in (sessions/utenze/by_the_desk.py).
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from pharmacies import site_words
from pharmacies.models import Pharmacy, Utenza
from portal.identity.access import staff_of, staff_required
from portal.secrets.masking import mask_people_in
from portal.time.clock import ROME, now_of
from sessions.models import IdSessione
from sessions.staff.confirmed_act import asks_and_acts, pharmacy_of
from sessions.staff.pharmacy.utenza_forms import (
    DeskUtenzaForm,
    HandOverForm,
    NewSecretsForm,
    SupplierForm,
    suppliers,
)
from sessions.utenze import by_the_desk
from sessions.utenze.life import AT_MOST, TooManyUtenze


@staff_required("anagrafica")
@asks_and_acts
def add(request: HttpRequest, code: str) -> HttpResponse:
    """«Crea un’utenza»."""
    pharmacy = pharmacy_of(request, code)
    form = DeskUtenzaForm(pharmacy, request.POST or None)
    if form.is_valid():
        try:
            utenza = by_the_desk.open_without_secrets(
                pharmacy,
                form.facts,
                form.cleaned_data["fornitore"],
                form.reason,
                staff_of(request),
                now_of(request),
            )
        except TooManyUtenze:
            messages.error(request, _("La %(noun)s ha già %(most)s utenze.") % {"most": AT_MOST, "noun": pharmacy.noun})
            return redirect("staff:pharmacy", code)
        sentence = _(
            "Utenza %(user_id)s creata: il titolare o il direttore ritira la password e il pincode sul portale."
        )
        messages.success(request, sentence % {"user_id": utenza.user_id})
        return redirect("staff:pharmacy", code)
    return _page(request, "utenza_new", pharmacy, form)


@staff_required("anagrafica")
@asks_and_acts
def renew(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Nuove credenziali»: for a lost or stolen password, and for a change of gestionale."""
    pharmacy = pharmacy_of(request, code)
    utenza = _utenza(pharmacy, pk)
    form = NewSecretsForm(request.POST or None, initial={"fornitore": utenza.supplier})
    if form.is_valid():
        done = by_the_desk.ask_for_new_secrets(
            utenza,
            form.reason,
            staff_of(request),
            now_of(request),
            at_once=form.at_once,
            supplier=form.cleaned_data["fornitore"],
        )
        shown = {"user_id": mask_people_in(utenza.user_id)}
        if done:
            sentence = _("Nuove credenziali di %(user_id)s pronte: il titolare o il direttore le ritira sul portale.")
            messages.success(request, sentence % shown)
        else:
            messages.warning(request, _("Le nuove credenziali di %(user_id)s aspettano già il titolare.") % shown)
        return redirect("staff:pharmacy", code)
    return _page(request, "utenza_renew", pharmacy, form, utenza=utenza)


@staff_required("anagrafica")
@asks_and_acts
def hand_over(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Passa a un’altra farmacia»: first the code, then its name to confirm."""
    pharmacy, now = pharmacy_of(request, code), now_of(request)
    utenza = _utenza(pharmacy, pk)
    form = HandOverForm(utenza, staff_of(request), now.astimezone(ROME).date(), request.POST or None)
    context = {"utenza": utenza, "live": IdSessione.objects.filter(utenza=utenza).live(now).count()}
    if not form.is_valid():
        return _page(request, "utenza_hand_over", pharmacy, form, **context)
    to = form.cleaned_data["farmacia"]
    if not form.is_confirmed:
        sure = HandOverForm(utenza, staff_of(request), form.today, None)
        sure.initial = {"farmacia": to.code, "motivo": form.reason, "conferma": to.code}
        for name in ("farmacia", "motivo"):
            sure.fields[name].widget = forms.HiddenInput()
        return _page(request, "utenza_hand_over", pharmacy, sure, to=to, reason=form.reason, **context)
    shown = {"user_id": mask_people_in(utenza.user_id), "pharmacy": to.display_name, "most": AT_MOST}
    try:
        if by_the_desk.hand_over(utenza, to, form.reason, staff_of(request), now):
            messages.success(request, _("Utenza %(user_id)s passata a %(pharmacy)s.") % shown)
        else:
            messages.warning(request, _("L’utenza %(user_id)s era già di %(pharmacy)s.") % shown)
    except TooManyUtenze:
        messages.error(request, _("%(pharmacy)s ha già %(most)s utenze: non ne può ricevere altre.") % shown)
    return redirect("staff:pharmacy", code)


@staff_required("anagrafica")
@asks_and_acts
def supplier(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Fornitore»: the vendor of the gestionale."""
    pharmacy = pharmacy_of(request, code)
    utenza = _utenza(pharmacy, pk)
    form = SupplierForm(request.POST or None, initial={"fornitore": utenza.supplier})
    if request.method == "POST" and form.is_valid():
        if by_the_desk.name_supplier(utenza, form.cleaned_data["fornitore"], staff_of(request), now_of(request)):
            shown = {"user_id": mask_people_in(utenza.user_id)}
            messages.success(request, _("Fornitore di %(user_id)s aggiornato.") % shown)
        return redirect("staff:pharmacy", code)
    return _page(request, "utenza_supplier", pharmacy, form, utenza=utenza)


def _utenza(pharmacy: Pharmacy, pk: int) -> Utenza:
    return get_object_or_404(pharmacy.utenze.defer("password", "pincode"), pk=pk)


def _page(request: HttpRequest, name: str, pharmacy: Pharmacy, form: forms.Form, **context: Any) -> HttpResponse:
    site_words.fill(form, pharmacy)
    context |= {"pharmacy": pharmacy, "form": form, "suppliers": suppliers() if "fornitore" in form.fields else []}
    return render(request, f"staff/{name}.html", context)
