"""The pages «Orari di apertura» and «Turni di notte», which decide when the reminders leave."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from pharmacies.access import OfficeRequest, hours_required
from portal.time.clock import ROME, now_of
from sessions.hours.week import DAYS
from sessions.models import NightDuty, ReminderSettings
from sessions.preferences.hours_forms import COPIES, FIELDS, PRESETS, HoursForm, NightsForm, copied, lines_of, preset
from sessions.reminders import planning

asks_and_acts = require_http_methods(["GET", "HEAD", "POST"])


@hours_required
@asks_and_acts
def hours(request: OfficeRequest) -> HttpResponse:
    """Shows and saves the opening hours. A preset or a copied day fills the form and is not saved yet."""
    now, pharmacy = now_of(request), request.pharmacy
    chosen = ReminderSettings.objects.of(pharmacy)
    act = request.POST.get("fai", "") if request.method == "POST" else ""
    if act == "togli":
        planning.set_hours(pharmacy, None, request.user, now)
        messages.success(request, "Orari tolti: ti scriviamo sempre all’ora esatta, anche di notte.")
        return redirect("sessions:reminders", pharmacy.code)
    shown = preset(request.GET.get("modello", ""))
    typed = {name: request.POST.get(name, "")[:120] for name in FIELDS}
    if act == "copia":
        shown = copied(typed, request.POST.get("da", ""), request.POST.get("su", ""))
    saves = request.method == "POST" and not act
    form = HoursForm(request.POST if saves else None, initial=shown or lines_of(chosen.week))
    if saves and form.is_valid():
        planning.set_hours(pharmacy, form.week, request.user, now)
        messages.success(request, "Orari salvati: i promemoria già previsti sono stati spostati.")
        return redirect("sessions:reminders", pharmacy.code)
    context = {
        "form": form, "chosen": chosen, "not_saved": bool(shown), "presets": PRESETS,
        "days": list(zip(FIELDS, DAYS, strict=True)), "copies": COPIES, "da": request.POST.get("da", ""),
        "su": request.POST.get("su", ""),
    }  # fmt: skip
    return _page(request, "hours", context)


@hours_required
@asks_and_acts
def nights(request: OfficeRequest) -> HttpResponse:
    """Shows and saves the nights on duty, in one text box: pharmacists paste the list of their ASL."""
    now, pharmacy = now_of(request), request.pharmacy
    coming = NightDuty.objects.coming(pharmacy.pk, now)
    start = "\n".join(f"{night.evening:%d/%m/%Y}" for night in coming)
    recorded = set(NightDuty.objects.filter(pharmacy=pharmacy).values_list("evening", flat=True))
    today = now.astimezone(ROME).date()
    form = NightsForm(today, request.POST or None, initial={"date_turni": start}, on_record=recorded)
    if form.is_valid():
        planning.set_nights(pharmacy, form.cleaned_data["date_turni"], request.user, now)
        messages.success(request, "Turni salvati: i promemoria già previsti sono stati spostati.")
        return redirect("sessions:reminders", pharmacy.code)
    return _page(request, "nights", {"form": form, "chosen": ReminderSettings.objects.of(pharmacy)})


def _page(request: OfficeRequest, name: str, context: dict[str, object]) -> HttpResponse:
    frame = {"pharmacy": request.pharmacy, "office": request.office, "current": "reminders"}
    return render(request, f"sessions/{name}.html", {**frame, **context})
