"""«Rapporti non letti»: bounce reports that no rule could parse; an operator decides what they mean."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_safe

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.identity.models import User
from portal.identity.roles import StaffRole
from portal.journal.models import record
from portal.outbox import marking
from portal.outbox.bounces import intake, reports
from portal.outbox.models import UnreadReport
from portal.secrets.sealing import SealBroken, unseal
from portal.time.clock import now_of
from sessions.staff.confirmed_act import asks_and_acts
from sessions.staff.reason import ReasonForm

SHOWN_AT_ONCE = 50  # the newest; the others appear as these are decided


class DecisionForm(ReasonForm):
    """The meaning of the report, and the operator's reason."""

    esito = forms.ChoiceField(
        label=gettext_lazy("Che cosa dice il rapporto"),
        choices=[
            (
                UnreadReport.ReportDecision.DEAD.value,
                gettext_lazy("Casella morta: non esiste o è stata chiusa. La farmacia dovrà certificare un indirizzo."),
            ),
            (
                UnreadReport.ReportDecision.ABOUT_US.value,
                gettext_lazy("Colpa nostra: il server rifiuta il portale. L’indirizzo resta valido."),
            ),
            (
                UnreadReport.ReportDecision.NOTHING.value,
                gettext_lazy("Niente: una risposta automatica, un ritardo, un avviso. Non cambia nulla."),
            ),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Scegli che cosa dice il rapporto"),
            "invalid_choice": gettext_lazy("Scegli una delle tre risposte"),
        },
    )
    field_order = ["esito", "motivo"]


@staff_required
@require_safe
def every_report(request: HttpRequest) -> HttpResponse:
    """The reports that wait for a decision, newest first."""
    user = staff_of(request)
    waiting = unread_by(user).order_by("-at", "-pk")
    rows = list(waiting.select_related("letter").defer("sealed_source", "letter__sealed_source")[:SHOWN_AT_ONCE])
    found = Pharmacy.objects.filter(code__in={row.letter.about for row in rows})
    pharmacies = {pharmacy.code: pharmacy for pharmacy in found}
    context = {
        "rows": [(row, pharmacies.get(row.letter.about)) for row in rows],
        "how_many": waiting.count() if len(rows) == SHOWN_AT_ONCE else len(rows),
        "may_decide": StaffRole.ASSISTENZA in user.roles,
    }
    return render(request, "staff/unread_reports.html", context)


@staff_required("assistenza")
@asks_and_acts
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows one report and records the operator's decision."""
    now, user = now_of(request), staff_of(request)
    report = get_object_or_404(unread_by(user).select_related("letter").defer("letter__sealed_source"), pk=pk)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        decision = UnreadReport.ReportDecision(form.cleaned_data["esito"])
        with transaction.atomic():
            is_decided = intake.decide(report, decision, now)
            if is_decided:
                record(
                    "report.decided", now=now, actor=user, about=report.letter.about, subject=report.letter,
                    decision=decision.label, reason=form.reason,
                )  # fmt: skip
        marking.settle(now)
        if is_decided:
            messages.success(request, gettext("Scritto: %(decision)s.") % {"decision": decision.label.lower()})
        else:
            messages.warning(request, gettext("Nel frattempo ha già deciso un altro operatore."))
        return redirect("staff:reports")
    context = {
        "report": report,
        "form": form,
        "text": _text(report),
        "pharmacy": Pharmacy.objects.filter(code=report.letter.about).first(),
    }
    return render(request, "staff/unread_report.html", context)


def unread_by(user: User) -> QuerySet[UnreadReport]:
    """The open reports about letters of this operator's territory."""
    if user.territory.is_whole_nation:
        return UnreadReport.objects.open()
    codes = Pharmacy.objects.visible_to(user).order_by().values("code")
    return UnreadReport.objects.open().filter(letter__about__in=codes)


def _text(report: UnreadReport) -> str:
    """The text of the server's report, masked; "" when it cannot be shown."""
    try:
        return reports.shown(unseal(report.sealed_source)) if report.sealed_source else ""
    except SealBroken:
        return ""
