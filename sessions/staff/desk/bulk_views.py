"""«Agisci su tutte»: one act on every pharmacy that the filters find, with a count before it and progress while it runs."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity.access import staff_of, staff_required
from portal.identity.roles import StaffRole
from portal.identity.staff_step_up import StepUp
from portal.templatetags.portale import thousands
from portal.time.clock import now_of
from portal.web.live import fragment, is_fragment
from sessions.models import BulkJob
from sessions.staff.desk import bulk
from sessions.staff.desk.status_views import address_of, auto_refresh, chosen
from sessions.staff.lists.how_many import HowMany, how_many
from sessions.staff.lists.pharmacy_listing import Listing
from sessions.staff.reason import ReasonForm

JOBS_SHOWN = 50
ACTS = [
    (BulkJob.Act.REVOKE, "Revoca gli ID SESSIONE validi"),
    (BulkJob.Act.BLOCK, "Blocca le utenze del gestionale"),
    (BulkJob.Act.RENEW, _("Togli password e pincode alle utenze: ogni titolare ritira quelli nuovi")),
]
# Of each act: the heading of its count, the button, the missing things when there is nothing to do.
WORDS = {
    BulkJob.Act.REVOKE: (_("ID SESSIONE revocati"), _("Revoca"), _("ID SESSIONE validi da revocare")),
    BulkJob.Act.BLOCK: (_("Utenze bloccate"), _("Blocca"), _("utenze da bloccare")),
    BulkJob.Act.RENEW: (_("Utenze con nuove credenziali"), _("Togli password e pincode"), _("utenze con una password")),
    BulkJob.Act.WARN: (_("Farmacie avvisate"), _("Scrivi alle farmacie"), _("farmacie da avvisare")),
}
CONSEQUENCES = {
    BulkJob.Act.REVOKE: _(
        "Gli ID smettono subito di valere su tutte le casse e non tornano indietro: per lavorare ogni farmacia deve chiederne un altro."
    ),
    BulkJob.Act.BLOCK: _(
        "I gestionali smettono subito di chiedere ID e quelli validi vengono revocati: le utenze si sbloccano una per una."
    ),
    BulkJob.Act.RENEW: _(
        "Password e pincode smettono subito di valere: i gestionali si fermano finché ogni titolare non entra nel portale e ritira i nuovi."
    ),
}


class BulkForm(ReasonForm):
    azione = forms.ChoiceField(
        label="Che cosa vuoi fare?",
        choices=ACTS,
        widget=forms.RadioSelect,
        error_messages={"required": "Scegli che cosa fare", "invalid_choice": "Scegli una delle due azioni"},
    )
    field_order = ("azione", "motivo")

    def __init__(self, data: Any, supplier: str = "") -> None:
        super().__init__(data)
        if supplier:  # an act on the utenze of one supplier; the ids of a pharmacy are of all its utenze
            azione: Any = self.fields["azione"]
            azione.choices = [(act, words) for act, words in ACTS if act != BulkJob.Act.REVOKE]


class ConfirmedForm(BulkForm):
    """The second step: the operator types the number of pharmacies; `contate` holds the hash of the list that was counted."""

    conferma = forms.CharField(label="Conferma", max_length=10, required=False)

    def __init__(self, data: Any, pharmacies: int, counted: str, supplier: str) -> None:
        super().__init__(data, supplier)
        self.pharmacies, self.counted = pharmacies, counted
        self.fields["azione"].widget = self.fields["motivo"].widget = forms.HiddenInput()
        self.fields["conferma"].label = f"Scrivi {thousands(pharmacies)} per confermare"
        self.fields["conferma"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}

    def clean_conferma(self) -> str:
        typed = "".join(str(self.cleaned_data["conferma"]).replace(".", "").split())
        if typed != str(self.pharmacies):
            raise forms.ValidationError(f"Le farmacie sono {thousands(self.pharmacies)}: scrivi questo numero")
        if self.data.get("contate") != self.counted:
            raise forms.ValidationError(
                _("Nel frattempo le farmacie sono cambiate: ecco quelle di adesso. Controlla e conferma di nuovo.")
            )
        return typed


@staff_required("sicurezza", step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_all(request: HttpRequest) -> HttpResponse:
    """Asks for the act and the reason; counts without changing anything; asks for the number; begins the job."""
    now = now_of(request)
    filters, selection = chosen(request)
    if filters.errors:  # the page ignores an invalid filter; here that would act on more pharmacies than intended
        return redirect(address_of(request))
    keys = Listing(selection, now).pharmacy_keys()
    context = {"found": len(keys), "asked_for": filters.in_words(), "back": address_of(request)}
    supplier = selection.supplier
    context["supplier"] = supplier
    form = BulkForm(request.POST or None, supplier)
    if not form.is_valid():
        return render(request, "staff/bulk.html", {**context, "form": form})
    act, because = form.cleaned_data["azione"], form.reason
    counted = bulk.dry_run(act, keys, now, supplier)
    done, button, nothing = WORDS[act]
    context |= {
        "counted": counted, "because": because, "act_words": dict(ACTS)[act], "done": done, "button": button,
        "nothing": nothing, "consequence": CONSEQUENCES[act],
    }  # fmt: skip
    concerned = bulk.concerned(act, keys, now, supplier)
    fingerprint = bulk.fingerprint(act, concerned, supplier)
    context["fingerprint"] = fingerprint
    data = request.POST if "conferma" in request.POST else None
    confirmed = ConfirmedForm(data, counted.pharmacies, fingerprint, supplier)
    if counted.pharmacies and confirmed.is_valid():
        job = bulk.begin(act, concerned, filters.in_words(), staff_of(request), now, because, supplier)
        return redirect("staff:job", job.pk)
    if not confirmed.is_bound:
        confirmed.initial = {"azione": act, "motivo": because}
    return render(request, "staff/bulk_counted.html", {**context, "form": confirmed})


@staff_required
@require_safe
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress of a job: the script refreshes it; without a script the page reloads itself with `?auto=`."""
    found = _job(request, pk)
    progress = found.progress()
    kind = request.GET.get("tipo", "")
    context = {
        "job": found,
        "progress": progress,
        "touched_words": "" if found.is_sheet else WORDS[BulkJob.Act(found.act)][0],
        "settled": progress["done"] + progress["failed"],
        "kind": kind if kind in ("csv", "xlsx") else "csv",
        "failed": bulk.failed_pharmacies(found, staff_of(request)) if progress["failed"] else [],
        "kept": found.sheet_is_kept(now_of(request)),
        "may_retry": not found.is_sheet and StaffRole.SICUREZZA in staff_of(request).roles,
    }
    if is_fragment(request):
        return fragment(request, "staff/job_live.html", context)
    return auto_refresh(request, "staff/job.html", context, while_=found.is_under_way)


@staff_required
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """The newest JOBS_SHOWN jobs that this operator may see, and how many there are."""
    user = staff_of(request)
    own = BulkJob.objects.filter(asked_by=user)
    acts = BulkJob.objects.exclude(act__in=BulkJob.SHEETS)
    found = own | acts if StaffRole.SICUREZZA in user.roles and user.territory.is_whole_nation else own
    shown = list(found.select_related("asked_by").order_by("-asked_at", "-pk")[:JOBS_SHOWN])
    number = HowMany(len(shown)) if len(shown) < JOBS_SHOWN else how_many(found)
    words = number.words(gettext("lavoro"), gettext("lavori"))
    older = number.or_more or number.number > len(shown)
    return render(request, "staff/jobs.html", {"jobs": shown, "how_many": words, "has_older": older})


@staff_required("sicurezza")
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """«Ferma»: stops the job; finished pharmacies stay as they are."""
    if _job(request, pk).stop(now_of(request)):
        messages.success(request, "Fermato: le farmacie già trattate restano come sono, le altre non vengono toccate.")
    else:
        messages.warning(request, "Era già finito: non c’era nulla da fermare.")
    return redirect("staff:job", pk)


@staff_required("sicurezza", step_up=StepUp.PAGE)
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """«Riprova»: runs the act again on the pharmacies where it failed."""
    if _job(request, pk).retry():
        messages.success(request, _("Riproviamo nelle farmacie dove non era riuscito."))
    else:
        messages.warning(request, _("Non c’è nulla da riprovare."))
    return redirect("staff:job", pk)


def _job(request: HttpRequest, pk: int) -> BulkJob:
    """The job, when this operator may see it: a sheet only its author, an act also *sicurezza* of the whole nation.

    Raises Http404, PermissionDenied.
    """
    user, found = staff_of(request), get_object_or_404(BulkJob.objects.select_related("asked_by"), pk=pk)
    if found.asked_by_id != user.pk:
        if found.is_sheet or not user.territory.is_whole_nation:
            raise Http404
        if StaffRole.SICUREZZA not in user.roles:
            raise PermissionDenied(
                "Per questa pagina serve il ruolo «sicurezza»: lo assegna chi amministra gli operatori."
            )
    return found
