"""«Utenze del gestionale»: the titolare creates, changes and disables utenze; a delegate may only look."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from pharmacies import site_words
from pharmacies.access import CHANGING_UTENZE, OfficeRequest, fresh_holder_required, office_required
from pharmacies.models import Utenza
from portal.identity.models import PasswordFailure
from portal.secrets import shown_once
from portal.time.clock import now_of
from sessions.credentials.guesses import WRONG_FROM_ONE_PLACE
from sessions.models import IdSessione
from sessions.utenze import life
from sessions.utenze.forms import NewUtenzaForm, PasswordForm

no_store = cache_control(no_store=True, private=True)
asks_and_acts = require_http_methods(["GET", "HEAD", "POST"])
hides_passwords = sensitive_post_parameters("password", "ripeti")


@office_required
@require_safe
@no_store
def every_utenza(request: OfficeRequest) -> HttpResponse:
    """Lists the utenze of the pharmacy, usable ones first, with the actions on each."""
    rows = request.pharmacy.utenze.defer("password", "pincode")
    utenze = sorted(rows, key=lambda row: (not row.is_usable, row.user_id))
    may_open = len(utenze) < life.AT_MOST
    wait = {"wrong": WRONG_FROM_ONE_PLACE, "minutes": PasswordFailure.WINDOW // timedelta(minutes=1)}
    return _page(request, "all", {"utenze": utenze, "may_open": may_open, **wait})


@hides_passwords
@fresh_holder_required(CHANGING_UTENZE)
@asks_and_acts
@no_store
def new(request: OfficeRequest) -> HttpResponse:
    """Creates an utenza."""
    now, pharmacy = now_of(request), request.pharmacy
    if request.method != "POST" and pharmacy.utenze.count() >= life.AT_MOST:
        return _full(request)
    form = NewUtenzaForm(pharmacy, request.user.codice_fiscale or "", request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            utenza, pincode = life.open_for(
                pharmacy, data["codice_fiscale"], form.codes, data["password"], request.user, now
            )
        except life.TooManyUtenze:
            return _full(request)
        return _show_once(request, utenza, pincode)
    return _page(request, "new", {"form": form})


@hides_passwords
@fresh_holder_required(CHANGING_UTENZE)
@asks_and_acts
@no_store
def password(request: OfficeRequest, pk: int) -> HttpResponse:
    """Changes the password to one that the person chooses."""
    utenza = _utenza(request, pk)
    form = PasswordForm(request.pharmacy, request.POST or None, user_id=utenza.user_id)
    if form.is_valid():
        life.change_password(utenza, form.cleaned_data["password"], request.user, now_of(request))
        messages.success(request, f"Password di {utenza.user_id} cambiata: scrivila subito anche nel gestionale.")
        return _back(request)
    return _page(request, "password", {"form": form, "utenza": utenza})


@fresh_holder_required(CHANGING_UTENZE)
@asks_and_acts
@no_store
def pincode(request: OfficeRequest, pk: int) -> HttpResponse:
    """Replaces the pincode with one that the portal makes."""
    utenza = _utenza(request, pk)
    if request.method != "POST":
        return _page(request, "pincode", {"utenza": utenza})
    return _show_once(request, utenza, life.reset_pincode(utenza, request.user, now_of(request)))


@fresh_holder_required(CHANGING_UTENZE)
@require_http_methods(["GET"])  # not HEAD: it would use up the only time
@no_store
def pincode_shown(request: OfficeRequest, pk: int) -> HttpResponse:
    """Shows the new pincode once; a reload shows the page without it."""
    utenza = _utenza(request, pk)
    plain = shown_once.take(request, f"pincode:{utenza.pk}", now_of(request))
    return _page(request, "pincode_shown", {"utenza": utenza, "plain": plain})


@fresh_holder_required(CHANGING_UTENZE)
@asks_and_acts
@no_store
def collect(request: OfficeRequest, pk: int) -> HttpResponse:
    """«Ritira le nuove credenziali»: GET says what changes; POST makes password and pincode."""
    utenza = _utenza(request, pk)
    if request.method != "POST" and utenza.secrets_wait_since is not None:
        return _page(request, "collect", {"utenza": utenza})
    made = life.collect_secrets(utenza, request.user, now_of(request)) if request.method == "POST" else None
    if made is not None:
        shown_once.keep(request, f"secrets:{utenza.pk}", "\n".join(made), now_of(request))
    return redirect("utenze:secrets_shown", request.pharmacy.code, utenza.pk)


@fresh_holder_required(CHANGING_UTENZE)
@require_http_methods(["GET"])  # not HEAD: it would use up the only time
@no_store
def secrets_shown(request: OfficeRequest, pk: int) -> HttpResponse:
    """Shows the new password and pincode once; a reload shows the page without them."""
    utenza = _utenza(request, pk)
    plain = shown_once.take(request, f"secrets:{utenza.pk}", now_of(request))
    password, _, pincode = (plain or "").partition("\n")
    return _page(request, "secrets_shown", {"utenza": utenza, "password": password, "pincode": pincode})


@fresh_holder_required(CHANGING_UTENZE)
@asks_and_acts
def disable(request: OfficeRequest, pk: int) -> HttpResponse:
    """GET says what will stop working; POST disables."""
    utenza, now = _utenza(request, pk), now_of(request)
    if request.method != "POST" and utenza.disabled_at is None:
        live = IdSessione.objects.filter(utenza=utenza).live(now).count()
        return _page(request, "disable", {"utenza": utenza, "live": live})
    if request.method == "POST" and life.disable(utenza, request.user, now):
        messages.success(request, f"Utenza {utenza.user_id} disabilitata: i suoi ID SESSIONE non valgono più.")
    return _back(request)


@fresh_holder_required(CHANGING_UTENZE)
@asks_and_acts
def enable(request: OfficeRequest, pk: int) -> HttpResponse:
    """«Riattiva»: GET says what works again and what does not; POST enables."""
    utenza, now = _utenza(request, pk), now_of(request)
    if request.method != "POST" and utenza.disabled_at is not None:
        return _page(request, "enable", {"utenza": utenza})
    if request.method == "POST" and life.enable(utenza, request.user, now):
        messages.success(request, f"Utenza {utenza.user_id} riattivata: può chiedere un nuovo ID SESSIONE.")
    return _back(request)


def _full(request: OfficeRequest) -> HttpResponse:
    messages.error(
        request,
        site_words.about(
            _("La %(noun)s ha già {most} utenze: riusa quelle che hai disabilitato."), request.pharmacy
        ).format(most=life.AT_MOST),
    )
    return _back(request)


def _show_once(request: OfficeRequest, utenza: Utenza, plain: str | None) -> HttpResponse:
    """Keeps the pincode for the next page. `plain` None: the first click of a double click has kept it already."""
    if plain is not None:
        shown_once.keep(request, f"pincode:{utenza.pk}", plain, now_of(request))
    return redirect("utenze:pincode_shown", request.pharmacy.code, utenza.pk)


def _utenza(request: OfficeRequest, pk: int) -> Utenza:
    return get_object_or_404(request.pharmacy.utenze.defer("password", "pincode"), pk=pk)


def _back(request: OfficeRequest) -> HttpResponse:
    return redirect("utenze:all", request.pharmacy.code)


def _page(request: OfficeRequest, name: str, context: Mapping[str, object]) -> HttpResponse:
    frame = {"pharmacy": request.pharmacy, "office": request.office, "current": "utenze"}
    return render(request, f"utenze/{name}.html", {**frame, **context})
