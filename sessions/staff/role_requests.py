"""«Richieste di ruolo»: people who ask to be titolare, direttore … of a pharmacy; an operator approves or refuses."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pharmacies.models import MAY_CERTIFY, MailCertification, Office, RoleRequest
from pharmacies.models.role_request import RoleRequestQuerySet
from pharmacies.people import role_requests
from pharmacies.people.offices import OfficeRefused
from pharmacies.people.role_request_form import FIRST_DAY
from portal.identity.access import staff_of, staff_required
from portal.time.clock import now_of
from sessions.staff.confirmed_act import asks_and_acts
from sessions.staff.reason import ReasonForm, one_line
from sessions.staff.timeline import DayField

A_PAGE = 50


class RefusalForm(ReasonForm):
    """The reason of a refusal."""

    prefix = "rifiuta"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["motivo"].help_text = _("Lo legge la persona quando rientra, e il titolare nel registro attività.")


class ApprovalForm(ReasonForm):
    """The office to give: the operator may correct what the person wrote."""

    ruolo = forms.ChoiceField(
        label=gettext_lazy("Ruolo"), choices=[(role.value, role.label.capitalize()) for role in MAY_CERTIFY]
    )
    dal = DayField(gettext_lazy("Dal"), FIRST_DAY)
    al = DayField(gettext_lazy("Ultimo giorno (se c’è)"), FIRST_DAY)
    protocollo = forms.CharField(
        label=gettext_lazy("Numero di protocollo"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    prefix = "accogli"
    field_order = ("ruolo", "dal", "al", "protocollo", "motivo")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dal"].required = True
        self.fields["dal"].error_messages["required"] = _("Scrivi da quale giorno")
        self.fields["motivo"].help_text = _("Che cosa hai controllato. Lo leggono il titolare e gli altri operatori.")

    def clean_protocollo(self) -> str:
        return one_line(str(self.cleaned_data["protocollo"]))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        since, until = data.get("dal"), data.get("al")
        if isinstance(since, date) and isinstance(until, date) and until < since:
            self.add_error("al", ValidationError(_("L’ultimo giorno viene prima del primo: controlla")))
        return data


@staff_required("anagrafica")
def every_request(request: HttpRequest) -> HttpResponse:
    """The open requests of the operator's territory, oldest first."""
    found = _visible(request).open().order_by("asked_at", "pk")
    page = Paginator(found, A_PAGE).get_page(request.GET.get("pagina"))
    return render(request, "staff/role_requests.html", {"page_obj": page})


@staff_required("anagrafica")
@asks_and_acts
def one_request(request: HttpRequest, pk: int) -> HttpResponse:
    """One request beside the register's data; POST approves or refuses it."""
    row = get_object_or_404(_visible(request), pk=pk)
    deciding = request.method == "POST" and row.is_open
    approves = deciding and request.POST.get("fai") == "accogli"
    start = {"ruolo": row.role, "dal": row.since, "protocollo": row.protocol}
    approval = ApprovalForm(request.POST if approves else None, initial=start)
    refusal = RefusalForm(request.POST if deciding and not approves else None)
    if approval.is_valid() and _approve(request, row, approval):
        return redirect("staff:role_requests")
    if refusal.is_valid():
        if role_requests.refuse(row, staff_of(request), refusal.reason, now_of(request)):
            messages.success(request, _("Richiesta respinta: la persona legge il motivo quando rientra."))
        else:
            messages.warning(request, _TOO_LATE)
        return redirect("staff:role_requests")
    if request.method == "POST" and not deciding:
        messages.warning(request, _TOO_LATE)
        return redirect("staff:role_requests")
    context = {"row": row, "approval": approval, "refusal": refusal, "form": approval if approves else refusal}
    return render(request, "staff/role_request.html", {**context, **_register(row, request)})


_TOO_LATE = gettext_lazy("Questa richiesta è già stata decisa, oppure la persona l’ha ritirata.")


def _approve(request: HttpRequest, row: RoleRequest, form: ApprovalForm) -> bool:
    """Gives the office. False when it cannot be given: the form shows why."""
    data = form.cleaned_data
    try:
        office = role_requests.approve(
            row, staff_of(request), role=data["ruolo"], since=data["dal"], until=data["al"], because=form.reason,
            protocol=data["protocollo"], now=now_of(request),
        )  # fmt: skip
    except OfficeRefused as refused:
        form.add_error(None, str(refused.sentence))
        return False
    if office is None:
        messages.warning(request, _TOO_LATE)
    else:
        messages.success(request, _("Richiesta accolta: %(office)s.") % {"office": office})
    return True


def _register(row: RoleRequest, request: HttpRequest) -> dict[str, object]:
    """The facts that the operator compares: the pharmacy, its holders now, its address, other requests of the person."""
    now, pharmacy = now_of(request), row.pharmacy
    others = RoleRequest.objects.filter(person=row.person).exclude(pk=row.pk)
    if pharmacy is None:
        return {"others": others.count()}
    holders = Office.objects.certifying().in_force(now).filter(pharmacy=pharmacy).order_by("since", "pk")
    current = MailCertification.objects.current().filter(pharmacy=pharmacy).first()
    return {
        "pharmacy": pharmacy,
        "is_open": pharmacy.is_open(now.date()),
        "holders": holders,
        "certification": current,
        "others": others.count(),
    }


def _visible(request: HttpRequest) -> RoleRequestQuerySet:
    rows = RoleRequest.objects.visible_to(staff_of(request))
    return rows.select_related("person", "pharmacy", "decided_by")
