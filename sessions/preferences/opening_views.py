"""The page «Pronto all’apertura»: whether the portal asks for the ids before the pharmacy opens, and how long before."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from pharmacies import site_words
from pharmacies.access import PREPARING_OPENINGS, OfficeRequest, holder_required
from portal.time.clock import now_of
from sessions.models import ReadyAtOpening, ReminderSettings
from sessions.models.ready_at_opening import OFFERED_BEFORE
from sessions.preferences.opening import choose, offered


class OpeningForm(forms.Form):
    minuti = forms.TypedChoiceField(
        label=gettext_lazy("Quando il portale chiede gli ID SESSIONE"),
        choices=[
            ("", gettext_lazy("mai: li chiediamo noi, o il gestionale")),
            *((minutes, gettext_lazy("%(minutes)d minuti prima che la %(noun)s apra")) for minutes in OFFERED_BEFORE),
        ],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["minuti"]
        field.choices = [  # type: ignore[attr-defined]
            (value, str(words).replace("%(minutes)d", str(value)))
            for value, words in field.choices  # type: ignore[attr-defined]
        ]


@holder_required(PREPARING_OPENINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def opening(request: OfficeRequest) -> HttpResponse:
    """Shows the choice and the next turn; POST saves. Without opening hours, or a kind of prescription that allows it, says so."""
    now, pharmacy = now_of(request), request.pharmacy
    row = ReadyAtOpening.objects.filter(pharmacy=pharmacy).first()
    form = OpeningForm(
        request.POST if request.method == "POST" else None, initial={"minuti": row.minutes if row else ""}
    )
    site_words.fill(form, pharmacy)
    kinds = list(offered(pharmacy))
    has_hours = ReminderSettings.objects.of(pharmacy).week is not None
    if request.method == "POST" and form.is_valid():
        minutes = form.cleaned_data["minuti"]
        if minutes is None or (kinds and has_hours):
            choose(pharmacy, minutes, request.user, now)
            messages.success(request, _("Scelta salvata."))
        return redirect("sessions:opening", pharmacy.code)
    context = {
        "pharmacy": pharmacy, "office": request.office, "current": "reminders", "form": form, "row": row, "kinds": kinds,
        "has_hours": has_hours,
    }  # fmt: skip
    return render(request, "sessions/opening.html", context)
