"""«E-mail per gli avvisi»: the operator names an address and confirms it with the code that was sent there."""

from functools import partial

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.identity.access import any_staff, staff_of
from portal.identity.models.staff_mailbox import CODE_DIGITS
from portal.identity.staff import mailbox
from portal.identity.staff.login_forms import UnrepeatedInput
from portal.identity.staff.views import too_many
from portal.identity.staff_step_up import StepUp
from portal.secrets.masking import mask_address
from portal.time.clock import real_now_of
from portal.values.pasted import LONGEST, codes_in


class MailboxForm(forms.Form):
    casella = forms.EmailField(
        label=_lazy("Il tuo indirizzo e-mail di lavoro"),
        help_text=_lazy("Una casella che leggi solo tu. Ti inviamo un codice, per essere sicuri che sia tua."),
        max_length=254,
        error_messages={
            "required": _lazy("Scrivi l’indirizzo della tua casella."),
            "invalid": _lazy("Non sembra un indirizzo e-mail: controlla, per esempio nome@ente.it."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}),
    )


class MailboxCodeForm(forms.Form):
    codice = forms.CharField(
        label=_lazy("Codice ricevuto"),
        max_length=LONGEST,
        error_messages={"required": _lazy("Scrivi il codice che hai ricevuto.")},
        widget=UnrepeatedInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "code-input"}),
    )

    def clean_codice(self) -> str:
        found = codes_in(self.cleaned_data["codice"], CODE_DIGITS)
        if len(found) != 1:
            raise forms.ValidationError(_("Il codice è di %(digits)s cifre.") % {"digits": CODE_DIGITS})
        return found[0]


@sensitive_post_parameters("codice")
@partial(any_staff, step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_mailbox(request: HttpRequest) -> HttpResponse:
    """Shows the address in use; sends a code to a new one; confirms it."""
    user, now, post = staff_of(request), real_now_of(request), request.POST
    form, code_form = (
        MailboxForm(post if "casella" in post else None),
        MailboxCodeForm(post if "codice" in post else None),
    )
    if form.is_valid():
        try:
            mailbox.name(user, form.cleaned_data["casella"], now)
        except mailbox.MailboxSendsRefused as refusal:
            form.add_error("casella", too_many(refusal.until))
        else:
            messages.success(request, _("Codice inviato: scrivilo qui appena arriva."))
            return redirect("identity:staff_mailbox")
    elif code_form.is_valid():
        if mailbox.confirm(user, code_form.cleaned_data["codice"], now):
            messages.success(request, _("Indirizzo confermato: ti avvisiamo lì di ciò che succede al tuo accesso."))
            return redirect("identity:staff_own")
        code_form.add_error(
            "codice", _("Il codice non è corretto o non vale più: controllalo, o fattene inviare un altro.")
        )
    row = mailbox.of(user)
    context = {
        "form": code_form if code_form.is_bound else form,  # of the summary of errors
        "address_form": form,
        "code_form": code_form,
        "address": mask_address(row.address) if row and row.confirmed_at else "",
        "pending": mask_address(row.pending) if row and row.waits_for_code(now) else "",
    }
    return render(request, "identity/staff_mailbox.html", context)
