"""«Chi lo può chiedere»: which types of site may ask for ids of a context. The change is shown, confirmed, then journalled."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from pharmacies.models import Pharmacy
from portal.identity.access import staff_required
from portal.identity.staff_step_up import StepUp
from portal.journal.models import record
from portal.time.clock import ROME, now_of
from sessions.models import AskableContext, Context, IdSessione


class ContextTypesForm(forms.Form):
    tipologie = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Chi lo può chiedere"),
        help_text=gettext_lazy("La tipologia di ogni farmacia e parafarmacia viene dal registro nazionale."),
        choices=Pharmacy.Type.choices,
        coerce=lambda value: Pharmacy.Type(int(value)),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


@staff_required("amministrazione", whole_nation=True, step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
@transaction.atomic
def context_types(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows the types; a POST shows what the change does; a POST with the confirmation of that very change writes it."""
    posted = request.method == "POST"
    row = get_object_or_404(Context.objects.select_for_update() if posted else Context.objects, pk=pk)
    before = row.askable_types
    form = ContextTypesForm(request.POST if posted else None, initial={"tipologie": before})
    shown = {"form": form, "row": row}
    if not form.is_valid():
        return render(request, "staff/context_types.html", shown)
    after = sorted(form.cleaned_data["tipologie"])
    given, taken = [kind for kind in after if kind not in before], [kind for kind in before if kind not in after]
    if not given and not taken:
        messages.info(request, gettext("Contesto %(context)s: non è cambiato nulla.") % {"context": row})
        return redirect("staff:contexts")
    change = f"{_codes(before)}:{_codes(after)}"
    if request.POST.get("confermo") != change:
        live = IdSessione.objects.filter(context=row, pharmacy__type__in=taken).live(now_of(request)).count()
        effects = {"given": _counted(given, request), "taken": _counted(taken, request), "live": live}
        return render(
            request, "staff/context_types_confirm.html", {**shown, **effects, "change": change, "after": after}
        )
    row.askable.filter(type__in=taken).delete()
    AskableContext.objects.bulk_create(AskableContext(context=row, type=kind) for kind in given)
    record(
        "context.types", now=now_of(request), actor=request.user, subject=row, context=str(row),
        before=_names(before), after=_names(after),
    )  # fmt: skip
    messages.success(request, gettext("Contesto %(context)s salvato.") % {"context": row})
    return redirect("staff:contexts")


def _codes(types: list[Pharmacy.Type]) -> str:
    return "-".join(str(int(kind)) for kind in types)


def _names(types: list[Pharmacy.Type]) -> str:
    return ", ".join(str(kind.label).lower() for kind in types) or "nessuno"


def _counted(types: list[Pharmacy.Type], request: HttpRequest) -> list[tuple[str, int]]:
    """Each type with the number of its open sites."""
    open_sites = Pharmacy.objects.open_on(now_of(request).astimezone(ROME).date())
    return [(str(kind.label), open_sites.filter(type=kind).count()) for kind in types]
