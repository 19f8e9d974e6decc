"""The page of an act on one pharmacy: it lists the consequences, requires a reason, then acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.views.decorators.http import require_http_methods

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.identity.staff_step_up import StepUp
from sessions.staff.reason import ReasonForm

P = ParamSpec("P")

asks_and_acts = require_http_methods(["GET", "HEAD", "POST"])


def pharmacy_of(request: HttpRequest, code: str) -> Pharmacy:
    """The pharmacy with this code, in the operator's territory. Raises Http404."""
    return get_object_or_404(Pharmacy.objects.visible_to(staff_of(request)).with_place(), code=code)


@dataclass(frozen=True, kw_only=True)
class ConfirmedAct:
    """An act that waits for its reason, and the texts of its page.

    `perform` gets the reason, acts, writes the journal, and returns whether it changed anything. Then the operator goes back
    and reads `done`, or `too_late` when nothing was changed. An empty sentence is not shown: `perform` wrote its own messages.
    With `too_late=None` the page is shown again instead.
    """

    perform: Callable[[str], object]
    done: str = ""
    too_late: str | None = None
    crumb: str = ""
    question: str = ""
    consequences: tuple[str, ...] = ()
    button: str = ""
    turn_back: str = ""
    danger: bool = True
    template: str = "staff/act.html"
    context: Mapping[str, object] = field(default_factory=dict)  # for a template of its own


class NothingToDo(Exception):
    """Raised by the view when nothing is left to act on; its sentence is shown as a warning."""


def ask_or_act(request: HttpRequest, act: ConfirmedAct, back: str, **context: object) -> HttpResponse:
    """Shows the page of the act, or acts when the form brings a reason; then goes to the URL `back`."""
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        changed = act.perform(form.reason)
        if changed or act.too_late is not None:
            if sentence := act.done if changed else act.too_late:
                messages.add_message(request, messages.SUCCESS if changed else messages.WARNING, sentence)
            return redirect(back)
    return render(request, act.template, {"act": act, "form": form, "back": back, **act.context, **context})


def _pharmacy_page(_request: HttpRequest, code: str) -> str:
    return resolve_url("staff:pharmacy", code)


PharmacyActView: TypeAlias = Callable[Concatenate[HttpRequest, Pharmacy, P], ConfirmedAct]


def confirmed_act(
    role: str, back: Callable[[HttpRequest, str], str] = _pharmacy_page, *, step_up: StepUp | None = None
) -> Callable[[PharmacyActView[P]], Callable[..., HttpResponse]]:
    """Makes a page from a view that takes the pharmacy, in the operator's territory, and returns the act.

    The operator needs `role`, and with `step_up` a recent second factor. `back` gets request and pharmacy code, and returns the URL to which the operator returns.
    """

    def decorated(view: PharmacyActView[P]) -> Callable[..., HttpResponse]:
        @staff_required(role, step_up=step_up)
        @asks_and_acts
        @wraps(view)
        def page(request: HttpRequest, /, code: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            pharmacy, url = pharmacy_of(request, code), back(request, code)
            try:
                act = view(request, pharmacy, *args, **kwargs)
            except NothingToDo as why:
                messages.warning(request, str(why))
                return redirect(url)
            return ask_or_act(request, act, url, pharmacy=pharmacy)

        return page

    return decorated
