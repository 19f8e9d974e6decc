"""Pages of the staff login: password, code of the app, recovery code, enrolment."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.identity.models import StaffTotp, User
from portal.identity.people.login import local_url
from portal.identity.staff import login, mailbox, webauthn
from portal.identity.staff.account_forms import EnrolForm, RecoveryForm
from portal.identity.staff.login_forms import StaffPasswordForm, TotpForm
from portal.templatetags.portale import seconds
from portal.time.clock import italian_time, real_now_of
from portal.time.said_lengths import length_in_words

_WRONG_PASSWORD = "Nome utente o password non corretti."  # noqa: S105
_WRONG_CODE = "Il codice non è corretto, o è già stato usato."


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_login(request: HttpRequest) -> HttpResponse:
    now, next_url = real_now_of(request), local_url(request, request.POST.get("next", request.GET.get("next", "")))
    if request.user.is_authenticated and request.user.is_staff and request.user.is_verified():  # type: ignore[attr-defined]
        return redirect(next_url or "pages:home")
    form = StaffPasswordForm(request.POST or None)
    if form.is_valid():
        checked = login.check_password(request, form.cleaned_data["username"], form.cleaned_data["password"], now)
        if checked.user is not None:
            login.wait_for_code(request, checked.user, next_url, now)
            return redirect("identity:staff_code")
        form.add_error(None, too_many(checked.locked_until) if checked.locked_until else _WRONG_PASSWORD)
    return render(request, "identity/staff_login.html", {"form": form, "next_url": next_url})


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_code(request: HttpRequest) -> HttpResponse:
    """The second factor. Needs the password step, at most 5 minutes old."""
    now = real_now_of(request)
    user = login.waiting_for_code(request, now)
    if user is None:
        messages.warning(
            request, f"Prima serve la password, e vale {length_in_words(login.SECOND_FACTOR_WITHIN)}: ricomincia."
        )
        return redirect("identity:staff_login")
    app = login.app_of(user)
    if app is None:
        return redirect("identity:staff_enrol")
    passkey_only = login.must_use_passkey(user)
    form = TotpForm(None if passkey_only else request.POST or None)
    if form.is_valid():
        locked_until = login.code_waits_until(request, user, app, now)
        if locked_until is None:
            next_url = login.enter(request, user, app, form.cleaned_data["code"], now)
            if next_url is not None:
                ask_for_a_mailbox(request, user)
                return redirect(next_url or "pages:home")
        form.add_error("code", not_this_code(app, locked_until))
    context = {"form": form, "passkey_only": passkey_only, "passkey_options": webauthn.begin(request, user, now)}
    return render(request, "identity/staff_code.html", context)


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_recovery(request: HttpRequest) -> HttpResponse:
    """The second factor by recovery code, when the telephone is not at hand."""
    now = real_now_of(request)
    user = login.waiting_for_code(request, now)
    app = login.app_of(user) if user else None
    if user is None or app is None:
        return redirect("identity:staff_code")
    form = RecoveryForm(request.POST or None)
    if form.is_valid():
        locked_until = login.code_waits_until(request, user, app, now)
        if locked_until is None:
            next_url = login.enter_with_recovery_code(request, user, app, form.cleaned_data["code"], now)
            if next_url is not None:
                messages.warning(request, "Sei entrato con un codice di recupero: quel codice non funziona più.")
                return redirect("identity:staff_own")
        form.add_error("code", not_this_code(app, locked_until))
    return render(request, "identity/staff_recovery.html", {"form": form})


@sensitive_post_parameters("code", "new_password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_enrol(request: HttpRequest) -> HttpResponse:
    """First login, and after a reset: enrols the app (QR code), sets the operator's own password, shows the recovery codes once."""
    now = real_now_of(request)
    user = login.waiting_for_code(request, now)
    if user is None or login.app_of(user) is not None:
        return redirect("identity:staff_code")
    app, form = StaffTotp.waiting_for(user), EnrolForm(user, request.POST or None)
    if form.is_valid():
        locked_until, next_url = login.code_waits_until(request, user, app, now), login.wanted_page(request)
        if locked_until is None:
            password = form.cleaned_data.get("new_password", "")
            codes = login.enrol(request, user, app, form.cleaned_data["code"], password, now)
            if codes is not None:
                return render(request, "identity/staff_codes.html", {"codes": codes, "next_url": next_url})
        form.add_error("code", not_this_code(app, locked_until))
    secret = parse_qs(urlsplit(app.otpauth).query)["secret"][0]
    context = {"form": form, "qr": _drawn(app.otpauth), "secret": secret, "username": user.username}
    return render(request, "identity/staff_enrol.html", context)


def ask_for_a_mailbox(request: HttpRequest, user: User) -> None:
    """Asks an operator without a confirmed e-mail address for one; it may wait, unless STAFF_REQUIRE_EMAIL."""
    if not mailbox.is_confirmed(user):
        messages.info(
            request,
            _("Aggiungi il tuo indirizzo e-mail in «Il mio accesso»: ti avvisiamo se qualcuno entra al posto tuo."),
        )


def _drawn(text: str) -> SafeString:
    """A QR code as inline SVG that complies with the Content-Security-Policy."""
    import segno  # imported on use, to save memory in every worker

    return mark_safe(segno.make(text, error="m").svg_inline(omitsize=True, border=4, svgclass=None, lineclass=None))


def too_many(until: datetime) -> str:
    """The sentence for a lock. Rounds up to the minute, so that the announced time is never too early."""
    return f"Troppi tentativi. Riprova dalle {italian_time(until + timedelta(seconds=59))}."


def not_this_code(app: StaffTotp, was_locked_until: datetime | None) -> str:
    """The sentence for a code that is wrong or, during the throttle, was not checked; with the time of the next attempt."""
    until = app.locked_until()
    wait = f" Il prossimo tentativo è possibile dopo le {seconds(until)}." if until else ""
    if was_locked_until:
        return f"Troppi codici sbagliati: questo non è stato controllato.{wait}"
    return f"{_WRONG_CODE}{wait}"
