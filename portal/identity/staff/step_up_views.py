"""«Conferma che sei tu»: asks a signed-in operator for the second factor again, then goes on with the act."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.identity import staff_step_up
from portal.identity.access import any_staff, staff_of
from portal.identity.people.login import local_url
from portal.identity.staff import login, webauthn
from portal.identity.staff.login_forms import TotpForm
from portal.identity.staff.views import not_this_code
from portal.time.clock import real_now_of
from portal.time.said_lengths import said


@sensitive_post_parameters("code")
@any_staff
@require_http_methods(["GET", "HEAD", "POST"])
def step_up(request: HttpRequest) -> HttpResponse:
    """The code of the app, or a passkey. After it the operator is back on the page; an interrupted form is ready to be sent."""
    user, now = staff_of(request), real_now_of(request)
    wanted = local_url(request, request.POST.get("next", request.GET.get("next", "")))
    if "risposta" in request.POST:
        if login.passkey_is_right(request, user, request.POST["risposta"], now):
            return _goes_on(request, wanted)
        messages.error(request, _("La passkey non è stata accettata. Riprova, oppure usa l’app."))
        return redirect(f"{request.path}?{urlencode({'next': wanted})}")
    passkey_only = login.must_use_passkey(user)
    app, form = login.app_of(user), TotpForm(None if passkey_only else request.POST or None)
    if app is not None and form.is_valid():
        locked_until = login.code_waits_until(request, user, app, now)
        if locked_until is None and login.code_is_right(request, user, app, form.cleaned_data["code"], now):
            return _goes_on(request, wanted)
        form.add_error("code", not_this_code(app, locked_until))
    context = {"form": form, "next_url": wanted, "passkey_only": passkey_only}
    context["passkey_options"] = webauthn.begin(request, user, now)
    return render(request, "identity/staff_step_up.html", context)


def _goes_on(request: HttpRequest, wanted: str) -> HttpResponse:
    """Back to the page, or to the button that sends the interrupted form."""
    staff_step_up.shown(request, real_now_of(request))
    fields = staff_step_up.form_that_waits(request, wanted)
    if fields is not None:
        return render(request, "identity/staff_step_up_done.html", {"fields": fields, "next_url": wanted})
    messages.success(request, _("Grazie: per %(lasts)s non te lo chiediamo più.") % {"lasts": said("STEP_UP_FOR")})
    return redirect(wanted or "identity:staff_own")
