"""The page «Chiusure, turni e feste»: the days on which the pharmacy differs from its week."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from pharmacies.access import OfficeRequest, hours_required
from portal.time.clock import ROME, date_in_words, now_of
from sessions.models import Closure, DayDuty, NightDuty, ReminderSettings
from sessions.preferences.days_forms import BY_DAY, BY_NIGHT, ClosureForm, DaysForm, DutyForm, between
from sessions.preferences.next_holidays import holidays_that_count
from sessions.reminders import days as verbs

ADDS: dict[str, type[DaysForm]] = {"chiusura": ClosureForm, "turno": DutyForm}
MOVED = gettext_lazy("I promemoria già previsti sono stati spostati.")


@hours_required
@require_http_methods(["GET", "HEAD", "POST"])
def days(request: OfficeRequest) -> HttpResponse:
    """Shows closures, duties and the next holidays; POST adds or removes one of them, or opens and closes a holiday."""
    now = now_of(request)
    today = now.astimezone(ROME).date()
    act = request.POST.get("fai", "") if request.method == "POST" else ""
    forms = {name: form(today, request.POST if act == name else None, prefix=name) for name, form in ADDS.items()}
    if act in ADDS and forms[act].is_valid():
        try:
            said = _add(request, forms[act], now)
        except verbs.TooManyDays as many:
            forms[act].add_error("dal", str(many.sentence))
        else:
            messages.success(request, f"{said} {MOVED}")
            return redirect(_here(request))
    elif act and act not in ADDS:
        return redirect(_here(request, _other(request, act, now)))
    chosen = ReminderSettings.objects.of(request.pharmacy)
    context = {
        "pharmacy": request.pharmacy, "office": request.office, "current": "reminders", "week": chosen.week,
        "closure_form": forms["chiusura"], "duty_form": forms["turno"], "form": forms[act] if act in ADDS else None,
        "closures": Closure.objects.coming(request.pharmacy.pk, now), "nights": NightDuty.objects.coming(request.pharmacy.pk, now),
        "day_duties": DayDuty.objects.coming(request.pharmacy.pk, now), "undo": _undo(request, today),
        "holidays": holidays_that_count(request.pharmacy, chosen, now),
    }  # fmt: skip
    return render(request, "sessions/days.html", context)


def _add(request: OfficeRequest, form: DaysForm, now: datetime) -> str:
    """Writes what the form says. Returns the sentence about it."""
    if not isinstance(form, DutyForm):
        closure = verbs.add_closure(request.pharmacy, form.first, form.last, request.user, now)
        when = between(closure.first, closure.last)
        if (closure.first, closure.last) == (form.first, form.last):
            return gettext("Chiusura salvata: %(days)s.") % {"days": when}
        return gettext("Chiusura unita a quella che c’era: %(days)s.") % {"days": when}
    if form.by_night:
        changed = verbs.add_nights(request.pharmacy, form.days, form.night_hours, request.user, now)
    else:
        changed = verbs.add_day_duties(request.pharmacy, form.days, form.day_hours, request.user, now)
    if not changed:
        return gettext("Questi turni c’erano già: non è cambiato nulla.")
    return ngettext("Turno salvato.", "%(number)s turni salvati.", changed) % {"number": changed}


def _other(request: OfficeRequest, act: str, now: datetime) -> dict[str, str]:
    """Removes a row, or opens or closes a holiday. Returns the query of the page, which offers to undo a removal."""
    number = request.POST.get("riga", "")
    pk = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else 0
    if act == "togli-chiusura":
        closure = verbs.remove_closure(request.pharmacy, pk, request.user, now)
        return {} if closure is None else _query("chiusura", closure.first, closure.last)
    if act in ("togli-giorno", "togli-notte"):
        model = DayDuty if act == "togli-giorno" else NightDuty
        duty = model._default_manager.filter(pharmacy=request.pharmacy, pk=pk).first()
        if duty is None:
            return {}
        verbs.remove_duty(duty, request.user, now)
        day = duty.day if isinstance(duty, DayDuty) else duty.evening
        return _query(
            "turno", day, day, turno=BY_DAY if act == "togli-giorno" else BY_NIGHT, orario=duty.hours_in_words
        )
    if act in ("aperti", "chiusi"):
        try:
            day = date.fromisoformat(request.POST.get("giorno", ""))
        except ValueError:
            raise Http404 from None
        chosen = ReminderSettings.objects.of(request.pharmacy)
        if day not in (row.day for row in holidays_that_count(request.pharmacy, chosen, now)):
            raise Http404
        verbs.open_on(request.pharmacy, day, request.user, now, is_open=act == "aperti")
        is_open = (
            gettext("Nella festa di %(day)s siete aperti.")
            if act == "aperti"
            else gettext("Il %(day)s siete chiusi per festa.")
        )
        messages.success(request, f"{is_open % {'day': date_in_words(day)}} {MOVED}")
        return {}
    raise Http404


def _query(what: str, first: date, last: date, **more: str) -> dict[str, str]:
    fields = {"dal": first.isoformat(), "al": last.isoformat(), **more}
    return {"tolto": what, **{f"{what}-{name}": value for name, value in fields.items()}}


def _undo(request: OfficeRequest, today: date) -> dict[str, Any] | None:
    """The row that was removed last, named by the query, as a form that adds it again; None when the query names none."""
    what = request.GET.get("tolto", "")
    if request.method == "POST" or what not in ADDS:
        return None
    form = ADDS[what](today, request.GET, prefix=what)
    if not form.is_valid():
        return None
    fields = {f"{what}-{name}": request.GET.get(f"{what}-{name}", "") for name in form.fields}
    return {"what": what, "days": between(form.first, form.last), "fields": fields}


def _here(request: OfficeRequest, query: dict[str, str] | None = None) -> str:
    page = reverse("sessions:days", args=[request.pharmacy.code])
    return f"{page}?{urlencode(query)}" if query else page
