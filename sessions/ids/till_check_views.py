"""«Errore 9101? Incollalo qui»: a page on which a person of the pharmacy pastes the code that the till refuses."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from pharmacies.access import OfficeRequest, ids_required
from pharmacies.models import Pharmacy, Utenza
from portal.time.clock import italian_time, now_of
from portal.values.pasted import LONGEST
from sessions.ids import till_check
from sessions.ids.till_answers import answer
from sessions.models import Context

KEPT = "till_check"  # key of the session: the finding, without the code
no_store = cache_control(no_store=True, private=True)


class KindField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    def label_from_instance(self, obj: Context) -> str:
        return obj.name


class TillCheckForm(forms.Form):
    """The pasted code, and what the till was doing if the person knows."""

    codice = forms.CharField(
        label=gettext_lazy("Il codice che la cassa rifiuta"),
        help_text=gettext_lazy("Incollalo com’è: non lo conserviamo e non lo scriviamo da nessuna parte."),
        max_length=LONGEST,
        error_messages={
            "required": gettext_lazy("Incolla il codice"),
            "max_length": gettext_lazy("Il testo è troppo lungo: incolla solo il codice"),
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none", "class": "mono"}
        ),
    )
    uso = KindField(
        Context.objects.none(),
        label=gettext_lazy("Che ricetta era?"),
        required=False,
        empty_label=gettext_lazy("Non so"),
    )
    utenza = forms.ModelChoiceField(
        Utenza.objects.none(),
        label=gettext_lazy("Con quale utenza lavora la cassa?"),
        required=False,
        empty_label=gettext_lazy("Non so"),
    )

    def __init__(self, pharmacy: Pharmacy, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        kinds = Context.objects.for_pharmacies().askable_by(pharmacy)
        utenze = pharmacy.utenze.order_by("user_id")
        self.fields["uso"].queryset, self.fields["utenza"].queryset = kinds, utenze  # type: ignore[attr-defined]
        if utenze.count() < 2:
            del self.fields["utenza"]


@ids_required
@require_http_methods(["GET", "HEAD", "POST"])
@no_store
def till_check_page(request: OfficeRequest) -> HttpResponse:
    """GET shows the form, and the answer to the check just made; POST checks and redirects, so that no reload sends the code
    again. The code enters no page, no session and no log.
    """
    pharmacy, now = request.pharmacy, now_of(request)
    if request.method != "POST":
        return _page(request, TillCheckForm(pharmacy), _answer_of(request, now))
    form = TillCheckForm(pharmacy, request.POST)
    if not form.is_valid():
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["codice"] = ""  # type: ignore[index]
        return _page(request, form, None)
    kind, utenza = form.cleaned_data["uso"], form.cleaned_data.get("utenza")
    found = till_check.check(pharmacy, form.cleaned_data["codice"], request.user, now, kind, utenza)
    if isinstance(found, datetime):
        words = _("Hai controllato molti codici in pochi minuti: potrai riprovare dalle %(at)s.")
        messages.warning(request, words % {"at": italian_time(found)})
    else:
        request.session[KEPT] = {
            "pharmacy": pharmacy.pk,
            "why": found.why.value,
            "row": found.row.pk if found.row else None,
            "kind": kind.pk if kind else None,
        }
    return redirect("sessions:till_check", pharmacy.code)


def _answer_of(request: OfficeRequest, now: datetime) -> object:
    """The answer to the check that this session made last; shown once."""
    kept = request.session.pop(KEPT, None)
    if kept is None or kept["pharmacy"] != request.pharmacy.pk:
        return None
    row = request.pharmacy.ids.with_what_ends_them().select_related("replaced_by").filter(pk=kept["row"]).first()
    finding = till_check.TillFinding(till_check.Why(kept["why"]), row)
    return answer(finding, request.pharmacy, now, Context.objects.filter(pk=kept["kind"]).first())


def _page(request: OfficeRequest, form: TillCheckForm, found: object) -> HttpResponse:
    frame = {"pharmacy": request.pharmacy, "office": request.office, "current": "ids"}
    return render(request, "sessions/till_check.html", {**frame, "form": form, "answer": found})
