"""Passkeys of operators: the second step of the login, and the page that adds and removes them."""

from functools import partial

import django_otp
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import DEVICE_ID_SESSION_KEY

from portal.identity.access import any_staff, staff_of
from portal.identity.models import StaffPasskey
from portal.identity.models.staff_passkey import LONGEST_LABEL
from portal.identity.staff import login, mailbox, webauthn
from portal.identity.staff.views import ask_for_a_mailbox
from portal.identity.staff_step_up import StepUp
from portal.journal.models import record
from portal.time.clock import real_now_of

REFUSED = _lazy("La passkey non è stata accettata. Riprova, oppure usa l’app.")


class PasskeyForm(forms.Form):
    nome = forms.CharField(
        label=_lazy("Come la chiami?"),
        help_text=_lazy("Per riconoscerla, per esempio «chiave blu» o «portatile»."),
        max_length=LONGEST_LABEL,
        error_messages={"required": _lazy("Dai un nome alla passkey.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    risposta = forms.CharField(
        max_length=webauthn.LONGEST_ANSWER,
        widget=forms.HiddenInput(),
        error_messages={
            "required": _lazy("Il browser non ha risposto: serve JavaScript, e una passkey su questo dispositivo.")
        },
    )


@never_cache
@require_POST
def staff_passkey(request: HttpRequest) -> HttpResponse:
    """The second factor by passkey. Needs the password step, as the code of the app."""
    now = real_now_of(request)
    user = login.waiting_for_code(request, now)
    if user is None:
        return redirect("identity:staff_code")
    next_url = login.enter_with_passkey(request, user, request.POST.get("risposta", ""), now)
    if next_url is None:
        messages.error(request, REFUSED)
        return redirect("identity:staff_code")
    ask_for_a_mailbox(request, user)
    return redirect(next_url or "pages:home")


@partial(any_staff, step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_passkeys(request: HttpRequest) -> HttpResponse:
    """Lists the operator's passkeys, and adds one."""
    user, now, form = staff_of(request), real_now_of(request), PasskeyForm(request.POST or None)
    passkeys = webauthn.passkeys_of(user)
    if len(passkeys) < webauthn.MOST_PASSKEYS and form.is_valid():
        label = " ".join(form.cleaned_data["nome"].split())
        try:
            with transaction.atomic():
                passkey = webauthn.register(request, user, form.cleaned_data["risposta"], label, now)
                record("staff.passkey_added", now=now, actor=user, subject=passkey, label=label, name=user.username)
                words = _("Al tuo accesso è stata aggiunta la passkey «%(label)s».") % {"label": label}
                mailbox.tell(user, _("Nuova passkey"), words, now)
        except webauthn.PasskeyRefused:
            form.add_error(None, _("La passkey non è stata registrata: riprova."))
        else:
            messages.success(request, _("Passkey aggiunta: dal prossimo accesso la puoi usare al posto del codice."))
            return redirect("identity:staff_passkeys")
    possible = webauthn.is_possible(request) and len(passkeys) < webauthn.MOST_PASSKEYS
    options = webauthn.begin_registration(request, user, now) if possible else ""
    context = {"form": form, "passkeys": passkeys, "options": options, "possible": webauthn.is_possible(request)}
    return render(request, "identity/staff_passkeys.html", context)


@partial(any_staff, step_up=StepUp.PAGE)
@require_POST
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """«Togli»: the passkey stops working, and the other sessions that it opened are refused."""
    user, now = staff_of(request), real_now_of(request)
    passkey = get_object_or_404(StaffPasskey, pk=pk, user=user)
    with transaction.atomic():
        label = passkey.name
        record("staff.passkey_removed", now=now, actor=user, subject=passkey, label=label, name=user.username)
        if request.session.get(DEVICE_ID_SESSION_KEY) == passkey.persistent_id:
            django_otp.login(request, login.app_of(user))  # this session goes on as one of the app
        passkey.delete()
        words = _("Dal tuo accesso è stata tolta la passkey «%(label)s».") % {"label": label}
        mailbox.tell(user, _("Passkey tolta"), words, now)
    messages.success(request, _("Passkey tolta: non funziona più."))
    return redirect("identity:staff_passkeys")
