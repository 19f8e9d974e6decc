"""«Senza ID valido»: the pharmacies that the gate would have stopped yesterday, with a sheet and a letter to them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.db.models import Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.identity.roles import StaffRole
from portal.identity.staff_step_up import StepUp
from portal.templatetags.portale import thousands
from portal.time.clock import ROME, now_of
from sessions.models import BulkJob, Context
from sessions.staff.desk import bulk
from sessions.staff.desk.invite_views import InviteFilter
from sessions.staff.desk.sheet_views import TYPES, answered
from sessions.staff.lists import without_valid_id
from sessions.staff.lists.how_many import NOUNS, HowMany
from sessions.staff.lists.sheets import Cell, Sheet, taken_away

ROWS_A_PAGE = 50


class WithoutIdFilter(InviteFilter):
    """The places of the desk, and one context."""

    def __init__(self, data: Any, user: Any, contexts: list[Context]) -> None:
        super().__init__(data, user)
        self.fields["contesto"] = forms.ChoiceField(
            label=gettext_lazy("Contesto"),
            choices=[("", gettext_lazy("Tutti")), *((str(row.pk), row.name) for row in contexts)],
            required=False,
            error_messages={"invalid_choice": gettext_lazy("Questo contesto non c’è: li vedi tutti.")},
        )

    @property
    def contexts(self) -> list[int] | None:
        """The keys of the only contexts that count; None: all."""
        return [int(self.value("contesto"))] if self.value("contesto") else None


class NumberForm(forms.Form):
    """The operator types the number of pharmacies; `contate` holds the hash of the list that was counted."""

    conferma = forms.CharField(max_length=10, required=False)

    def __init__(self, data: Any, pharmacies: int, counted: str) -> None:
        super().__init__(data)
        self.pharmacies, self.counted = pharmacies, counted
        self.fields["conferma"].label = gettext("Scrivi %(number)s per confermare") % {"number": thousands(pharmacies)}
        self.fields["conferma"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}

    def clean_conferma(self) -> str:
        typed = "".join(str(self.cleaned_data["conferma"]).replace(".", "").split())
        if typed != str(self.pharmacies):
            number = {"number": thousands(self.pharmacies)}
            raise forms.ValidationError(gettext("Le farmacie sono %(number)s: scrivi questo numero") % number)
        if self.data.get("contate") != self.counted:
            raise forms.ValidationError(
                gettext(
                    "Nel frattempo le farmacie sono cambiate: ecco quelle di adesso. Controlla e conferma di nuovo."
                )
            )
        return typed


@staff_required
@require_safe
def list_without_id(request: HttpRequest) -> HttpResponse:
    """The list of yesterday, and the date of each context."""
    now = now_of(request)
    form, contexts = _chosen(request, now)
    found = without_valid_id.in_order(form.selection(), now, form.contexts)
    page = Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("pagina"))
    context = {
        "form": form,
        "page_obj": page,
        "contexts": [(row, row.is_mandatory(now)) for row in contexts],
        "day": without_valid_id.yesterday(now),
        "how_many": HowMany(page.paginator.count).words(*NOUNS[form.selection().register]),
        "query": urlencode(form.query()),
        "may_write": StaffRole.SICUREZZA in staff_of(request).roles,
    }
    return render(request, "staff/without_id.html", context)


@staff_required("lettura", step_up=StepUp.FILE)
@require_safe
def sheet_without_id(request: HttpRequest, kind: str) -> HttpResponse:
    """The same pharmacies as a sheet; the journal records the download."""
    now = now_of(request)
    form, _ = _chosen(request, now)
    if kind not in TYPES:
        raise Http404
    if form.errors:  # the page ignores an invalid filter; a sheet would hold more than intended
        return redirect(_back(form))
    found = list(
        without_valid_id.in_order(form.selection(), now, form.contexts).annotate(asl=Min("utenze__codice_asl"))
    )
    taken_away(request, "list.exported", pharmacies=len(found), asked_for=_in_words(form))
    return answered(SHEET, kind, _lines(found), f"{now.astimezone(ROME):%Y-%m-%d-%H%M}")


@staff_required("sicurezza", step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def warn_without_id(request: HttpRequest) -> HttpResponse:
    """Counts the letters, asks for the number, begins the job that writes them."""
    now = now_of(request)
    form, contexts = _chosen(request, now)
    if form.errors:
        return redirect(_back(form))
    coming = [row.pk for row in contexts if not row.is_mandatory(now) and row.pk in (form.contexts or [row.pk])]
    warned = list(without_valid_id.in_order(form.selection(), now, coming))
    keys = {pharmacy.pk for pharmacy in warned if getattr(pharmacy, "reachable", False)}
    counted = bulk.fingerprint(BulkJob.Act.WARN, keys)
    confirmed = NumberForm(request.POST if request.method == "POST" else None, len(keys), counted)
    if keys and confirmed.is_valid():
        job = bulk.begin(BulkJob.Act.WARN, keys, _in_words(form), staff_of(request), now)
        return redirect("staff:job", job.pk)
    numbers = {"letters": len(keys), "without_address": len(warned) - len(keys)}
    shown = {"form": confirmed, "asked_for": _in_words(form), "back": _back(form), "counted": counted, **numbers}
    return render(request, "staff/without_id_warn.html", shown)


def _chosen(request: HttpRequest, now: datetime) -> tuple[WithoutIdFilter, list[Context]]:
    contexts = without_valid_id.contexts_of(now)
    form = WithoutIdFilter(request.GET, staff_of(request), contexts)
    form.is_valid()
    return form, contexts


def _back(form: WithoutIdFilter) -> str:
    query = urlencode(form.query())
    return reverse("staff:without_id") + (f"?{query}" if query else "")


def _in_words(form: WithoutIdFilter) -> str:
    name = gettext("Ieri senza ID valido")
    return f"{name} · {form.in_words()}" if form.query() else name


def _lines(found: list[Pharmacy]) -> Iterator[list[Cell]]:
    for one in found:
        # three values that the query annotates
        asl, calls, reachable = (getattr(one, name) for name in ("asl", "calls", "reachable"))
        place = [one.comune, one.province, one.region, asl or ""]
        yield [one.code, one.display_name, *place, calls, gettext("sì") if reachable else gettext("no")]


SHEET = Sheet(
    "senza-id-valido",
    (
        ("Codice", 10), ("Farmacia", 40), ("Comune", 24), ("Provincia", 10), ("Regione", 24), ("ASL", 8),
        ("Richieste di ieri senza ID valido", 20), ("Indirizzo certificato raggiungibile", 20),
    ),
    lambda _row: [],
)  # fmt: skip
