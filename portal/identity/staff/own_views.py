"""«Il mio accesso»: the operator's own sessions, password and recovery codes."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity import session_ends
from portal.identity.access import any_staff, staff_of
from portal.identity.models import StaffRecoveryCode, StaffSession
from portal.identity.roles import StaffRole
from portal.identity.staff import login, mailbox, webauthn
from portal.identity.staff.account_forms import ChangePasswordForm
from portal.identity.staff.login_forms import TotpForm
from portal.identity.staff.views import not_this_code, too_many
from portal.journal.models import record
from portal.time.clock import real_now_of

WRONG_NOW = "Non è la password che usi adesso."


@any_staff
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Lists the operator's sessions and counts the recovery codes left."""
    user, now = staff_of(request), real_now_of(request)
    sessions = list(StaffSession.objects.filter(user=user).open(now).order_by("-seen_at"))
    context = {
        "roles": [role for role in StaffRole.values if role in user.roles],
        "sessions": sessions,
        "this": session_ends.current(request),
        "mailbox": mailbox.of(user),
        "passkeys": len(webauthn.passkeys_of(user)),
        "codes_left": StaffRecoveryCode.objects.filter(user=user, used_at=None).count(),
        "past": StaffSession.objects.filter(user=user)
        .exclude(pk__in=[session.pk for session in sessions])
        .order_by("-seen_at")[:5],
    }
    return render(request, "identity/staff_own.html", context)


@any_staff
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """«Chiudi»: ends one of the operator's own sessions."""
    user, now = staff_of(request), real_now_of(request)
    row = get_object_or_404(StaffSession, pk=pk, user=user)
    with transaction.atomic():
        if StaffSession.objects.filter(pk=row.pk).close(now):
            record("staff.session_closed", now=now, actor=user, subject=row, origin=row.browser)
    if row.pk == session_ends.current(request):
        request.session.flush()
        return redirect("identity:staff_login")
    messages.success(request, "Collegamento chiuso: chi lo usava è fuori.")
    return redirect("identity:staff_own")


@sensitive_post_parameters("code")
@any_staff
@require_http_methods(["GET", "HEAD", "POST"])
def new_codes(request: HttpRequest) -> HttpResponse:
    """Makes ten new recovery codes after a code of the app; the unused old ones stop working."""
    user, now, form = staff_of(request), real_now_of(request), TotpForm(request.POST or None)
    app = login.app_of(user)
    if app is not None and form.is_valid():
        locked_until = login.code_waits_until(request, user, app, now)
        if locked_until is None and login.code_is_right(request, user, app, form.cleaned_data["code"], now):
            with transaction.atomic():
                codes = StaffRecoveryCode.renew(user, now)
                record("staff.codes_renewed", now=now, actor=user, subject=user, name=user.username)
            return render(request, "identity/staff_codes.html", {"codes": codes, "next_url": ""})
        form.add_error("code", not_this_code(app, locked_until))
    return render(request, "identity/staff_new_codes.html", {"form": form})


@sensitive_post_parameters("password", "new_password", "code")
@any_staff
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Changes the password after the present one and a code of the app, with the limits of the login."""
    user, now = staff_of(request), real_now_of(request)
    app, form = login.app_of(user), ChangePasswordForm(user, request.POST or None)
    if app is not None and form.is_valid():
        checked = login.check_password(request, user.username, form.cleaned_data["password"], now)
        if checked.user is None:
            form.add_error("password", too_many(checked.locked_until) if checked.locked_until else WRONG_NOW)
        elif (locked_until := login.code_waits_until(request, user, app, now)) or not login.code_is_right(
            request, user, app, form.cleaned_data["code"], now
        ):
            form.add_error("code", not_this_code(app, locked_until))
        else:
            login.change_password(request, user, form.cleaned_data["new_password"], now)
            messages.success(request, "Password cambiata. Gli altri tuoi collegamenti sono chiusi.")
            return redirect("identity:staff_own")
    return render(request, "identity/staff_password.html", {"form": form})
