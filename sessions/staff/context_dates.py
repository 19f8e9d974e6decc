"""«Obbligatorio dal»: from when the gate refuses calls without a valid id of a context. Shown, confirmed, then journalled."""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.identity.access import staff_required
from portal.identity.staff_step_up import StepUp
from portal.journal.models import record
from portal.time.clock import ROME, italian_moment, now_of
from sessions.models import Context
from sessions.staff.lists import without_valid_id
from sessions.staff.timeline import DayField


class ContextDateForm(forms.Form):
    """A day and an hour of Italy, or neither: then ids are mandatory now."""

    giorno = DayField(gettext_lazy("Obbligatorio dal giorno"))
    ora = forms.TimeField(
        label=gettext_lazy("Alle ore"),
        required=False,
        help_text=gettext_lazy("Ora italiana, per esempio 00:00."),
        input_formats=["%H:%M", "%H.%M", "%H:%M:%S"],
        error_messages={"invalid": gettext_lazy("Scrivi l’ora così: 08:30")},
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(self, data: Any, row: Context) -> None:
        local = row.mandatory_from.astimezone(ROME) if row.mandatory_from else None
        super().__init__(data, initial={"giorno": local and local.date(), "ora": local and local.time()})
        self.fields["giorno"].help_text = gettext("Vuoto, se l’ID è obbligatorio già adesso.")

    def clean(self) -> None:
        day, hour = self.cleaned_data.get("giorno"), self.cleaned_data.get("ora")
        if self.errors:
            return
        if hour is not None and day is None:
            self.add_error("giorno", gettext("Scrivi anche il giorno, o lascia vuoti tutti e due"))
            return
        at = None if day is None else instant(day, hour or time())
        if day is not None and at is None:
            self.add_error(
                "ora", gettext("Quella notte cambia l’ora e questa non c’è, o c’è due volte: scegline un’altra")
            )
        self.cleaned_data["at"] = at


def instant(day: date, hour: time) -> datetime | None:
    """The instant (UTC) of this Italian day and hour; None in an hour that the clock skips or repeats."""
    passes = {datetime.combine(day, hour, ROME).replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
    return passes.pop() if len(passes) == 1 else None


@staff_required("amministrazione", whole_nation=True, step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
@transaction.atomic
def context_date(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows the date; a POST shows what the change means; a POST with the confirmation of that very change writes it."""
    posted, now = request.method == "POST", now_of(request)
    row = get_object_or_404(Context.objects.select_for_update() if posted else Context.objects, pk=pk)
    form = ContextDateForm(request.POST if posted else None, row)
    shown = {"form": form, "row": row, "is_mandatory": row.is_mandatory(now)}
    if not form.is_valid():
        return render(request, "staff/context_date.html", shown)
    before, after = row.mandatory_from, form.cleaned_data["at"]
    if before == after:
        messages.info(request, gettext("Contesto %(context)s: non è cambiato nulla.") % {"context": row})
        return redirect("staff:contexts")
    change = f"{before and before.isoformat()}:{after and after.isoformat()}"
    if request.POST.get("confermo") != change:
        stopped = without_valid_id.number_of(row, without_valid_id.yesterday(now))
        effects = {
            "change": change,
            "after": after,
            "stopped": stopped,
            "is_warning": after is not None and after > now,
        }
        return render(request, "staff/context_date_confirm.html", {**shown, **effects})
    row.mandatory_from = after
    row.save(update_fields=["mandatory_from"])
    record(
        "context.mandatory", now=now, actor=request.user, subject=row, context=str(row),
        before=_in_words(before), after=_in_words(after),
    )  # fmt: skip
    messages.success(request, gettext("Contesto %(context)s salvato.") % {"context": row})
    return redirect("staff:contexts")


def _in_words(at: datetime | None) -> str:
    return f"obbligatorio dalle {italian_moment(at)}" if at else "sempre obbligatorio"
