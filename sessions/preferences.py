"""Avvisi e promemoria: what the pharmacy wants to be told about its ids."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from pharmacies.access import OfficeRequest, office_required
from pharmacies.models import MailCertification, Pharmacy
from portal.clock import now_of
from sessions.models import IdSessione, Reminder, ReminderSettings
from sessions.models.reminder import OFFERED_MINUTES
from sessions.reminders import choose, is_renewed

WORDS = {
    120: "2 ore prima",
    90: "un’ora e mezza prima",
    60: "un’ora prima",
    30: "mezz’ora prima",
    15: "un quarto d’ora prima",
}


class RemindersForm(forms.Form):
    minuti = forms.TypedMultipleChoiceField(
        label="Quando ti scriviamo prima della scadenza",
        help_text="Puoi sceglierne più di uno, o nessuno.",
        choices=[(minutes, f"{WORDS[minutes]} ({minutes} minuti)") for minutes in OFFERED_MINUTES],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    scaduto = forms.BooleanField(
        label="Scrivici anche quando l’ID è scaduto",
        help_text="Non arriva se nel frattempo avete già un ID nuovo.",
        required=False,
    )


@office_required
@require_http_methods(["GET", "HEAD", "POST"])
def reminders(request: OfficeRequest) -> HttpResponse:
    now, pharmacy = now_of(request), request.pharmacy
    chosen = ReminderSettings.objects.of(pharmacy)
    start = {"minuti": chosen.minutes_before, "scaduto": chosen.tell_when_expired}
    form = RemindersForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        choose(pharmacy, form.cleaned_data["minuti"], form.cleaned_data["scaduto"], request.user, now)
        messages.success(request, "Preferenze salvate: valgono anche per gli ID SESSIONE già attivi.")
        return redirect("sessions:reminders", pharmacy.code)
    context = {
        "pharmacy": pharmacy,
        "office": request.office,
        "current": "reminders",
        "form": form,
        "chosen": chosen,
        "coming": _coming(pharmacy, now),
        "certification": MailCertification.objects.current().filter(pharmacy=pharmacy).first(),
    }
    return render(request, "sessions/reminders.html", context)


@dataclass(frozen=True)
class Coming:
    """What will still be said about a live id."""

    row: IdSessione
    renewed: bool  # nothing, because a newer one is there
    unsaid: list[Reminder]


def _coming(pharmacy: Pharmacy, now: datetime) -> list[Coming]:
    """Each live id, the first to expire first."""
    rows = IdSessione.objects.filter(pharmacy=pharmacy).live(now).select_related("context", "utenza")
    unsaid = Reminder.objects.filter(settled_at=None, due_at__gt=now).order_by("due_at")
    return [
        Coming(row, is_renewed(row, now), list(unsaid.filter(id_sessione=row))) for row in rows.order_by("expires_at")
    ]
