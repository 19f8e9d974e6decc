"""«Operatori»: pages to manage staff accounts, roles and territories. Role «amministrazione»."""

from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.identity.access import P, View, staff_of, staff_required
from portal.identity.models import StaffTotp, User
from portal.identity.staff import accounts
from portal.identity.staff.account_forms import NewOperatorForm, OperatorForm
from portal.identity.staff_step_up import StepUp
from portal.time.clock import real_now_of
from portal.time.said_lengths import said_in

asks_and_acts = require_http_methods(["GET", "HEAD", "POST"])
ACTS = {  # the confirmation page of each act: crumb, question, consequences, button, danger
    "disable": (
        "Disabilita",
        "Vuoi disabilitare {name}?",
        ("È fuori subito, da tutti i collegamenti aperti.", "Non può più entrare finché qualcuno non lo riabilita."),
        "Disabilita",
        True,
    ),
    "enable": (
        "Riabilita",
        "Vuoi riabilitare {name}?",
        ("Può entrare di nuovo, con la password e l’app di prima.", "Ha i ruoli e il territorio di prima."),
        "Riabilita",
        False,
    ),
    "reset": (
        "Azzera l’accesso",
        "Vuoi azzerare password e app di {name}?",
        (
            "L’app, i codici di recupero e i collegamenti aperti smettono di funzionare.",
            said_in(
                "Ti mostriamo una volta una password provvisoria da dettare: vale {} e serve solo a scegliere la propria e registrare l’app.",
                "given-password",
            ),
            "Prima accertati al telefono che sia davvero chi dice di essere.",
        ),
        "Azzera l’accesso",
        True,
    ),
}

WHY_NOT: dict[type[accounts.AccountRefused], Any] = {
    accounts.OneselfRefused: "Nessuno cambia i propri diritti, si disabilita o si azzera da solo: lo fa un altro amministratore.",
    accounts.OutOfReach: _lazy(
        "Questo operatore ha un luogo o un ruolo che tu non hai: se ne occupa chi amministra tutta l’Italia."
    ),
    accounts.NoLongerAdministrator: _lazy(
        "Nel frattempo il tuo accesso è cambiato e non amministri più gli operatori: non è stato fatto nulla."
    ),
}


class WhyForm(forms.Form):
    motivo = forms.CharField(
        label="Motivo",
        help_text="Resta nel registro attività.",
        max_length=200,
        error_messages={"required": "Scrivi il motivo", "max_length": "Al massimo 200 caratteri"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _refusals_are_403(view: View[P]) -> View[P]:
    """Turns AccountRefused into 403 with its reason."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except accounts.AccountRefused as refusal:
            raise PermissionDenied(WHY_NOT[type(refusal)]) from refusal

    return guarded


def _operator(request: HttpRequest, pk: int) -> User:
    """An account inside the administrator's territory. Raises Http404 for any other."""
    user = get_object_or_404(User, pk=pk, is_staff=True)
    if not staff_of(request).territory.contains(user.territory):
        raise Http404
    return user


@staff_required("amministrazione")
@require_safe
def everybody(request: HttpRequest) -> HttpResponse:
    """Lists the accounts inside the administrator's territory, enabled ones first."""
    people = User.objects.filter(is_staff=True).prefetch_related("groups").order_by("-is_active", "username")
    with_app = set(StaffTotp.objects.filter(confirmed=True).values_list("user_id", flat=True))
    territory = staff_of(request).territory
    rows = [
        (user, sorted(group.name for group in user.groups.all()), user.pk in with_app)
        for user in people
        if territory.contains(user.territory)
    ]
    return render(request, "identity/operators.html", {"rows": rows})


@staff_required("amministrazione", step_up=StepUp.PAGE)
@asks_and_acts
@_refusals_are_403
def new(request: HttpRequest) -> HttpResponse:
    form = NewOperatorForm(request.POST or None, by=staff_of(request))
    if form.is_valid():
        cleaned = form.cleaned_data
        names = (cleaned["given_name"], cleaned["family_name"])
        user, password = accounts.create(
            cleaned["username"], names, cleaned["roles"], cleaned["territory"], staff_of(request), real_now_of(request),
            whole_nation=form.is_for_everywhere,
        )  # fmt: skip
        return _once(request, user, password)
    return render(request, "identity/operator_new.html", {"form": form})


@staff_required("amministrazione", step_up=StepUp.PAGE)
@asks_and_acts
@_refusals_are_403
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Edits names, roles and territory of one operator; links to disable and reset."""
    user, by = _operator(request, pk), staff_of(request)
    oneself = user.pk == by.pk
    if request.method == "POST" and oneself:
        raise accounts.OneselfRefused
    if not oneself and not accounts.reaches(by, user):
        raise accounts.OutOfReach
    form = OperatorForm(request.POST or None, instance=user, by=by)
    if form.is_valid():
        cleaned = form.cleaned_data
        places, everywhere = cleaned["territory"], form.is_for_everywhere
        if accounts.change(user, cleaned["roles"], places, by, real_now_of(request), whole_nation=everywhere):
            messages.success(request, f"Operatore {user.username} salvato.")
        else:
            messages.info(request, f"Operatore {user.username}: non è cambiato nulla.")
        return redirect("identity:operators")
    has_app = StaffTotp.objects.filter(user=user, confirmed=True).exists()
    return render(
        request,
        "identity/operator.html",
        {"form": form, "operator": User.objects.get(pk=pk), "oneself": oneself, "has_app": has_app},
    )


@staff_required("amministrazione", step_up=StepUp.PAGE)
@asks_and_acts
@_refusals_are_403
def act(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Asks and performs «Disabilita», «Riabilita» or «Azzera», never on the operator's own account."""
    user, by, now = _operator(request, pk), staff_of(request), real_now_of(request)
    if user.pk == by.pk:
        raise accounts.OneselfRefused
    if not accounts.reaches(by, user):
        raise accounts.OutOfReach
    form = WhyForm(request.POST or None)
    if form.is_valid():
        because = " ".join(form.cleaned_data["motivo"].split()).rstrip(".")
        if name == "reset":
            return _once(request, user, accounts.reset(user, by, because, now))
        done = {"disable": accounts.disable, "enable": accounts.enable}[name](user, by, because, now)
        words = "Fatto" if done else "Era già così"
        messages.success(request, f"{words}: {user.username}.")
        return redirect("identity:operators")
    crumb, question, consequences, button, danger = ACTS[name]
    context = {
        "operator": user, "form": form, "crumb": crumb, "question": question.format(name=user.full_name),
        "consequences": consequences, "button": button, "danger": danger,
    }  # fmt: skip
    return render(request, "identity/operator_act.html", context)


def _once(request: HttpRequest, user: User, password: str) -> HttpResponse:
    """Shows the temporary password, on this page only."""
    return render(request, "identity/operator_password.html", {"operator": user, "password": password})
