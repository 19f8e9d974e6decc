"""The forms of «Copie dei promemoria»: the address, and the code that was sent there."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pharmacies.addresses.examination import AddressRefused
from pharmacies.certification.examining import examined
from pharmacies.models.codice_validazione import CODE_DIGITS
from portal.values.pasted import LONGEST, codes_in


class CopyForm(forms.Form):
    """The address, examined as a certified one."""

    copia = forms.CharField(
        label=gettext_lazy("Indirizzo e-mail per le copie"),
        help_text=gettext_lazy("Una casella che leggi tu. Ti inviamo un codice, per essere sicuri che sia tua."),
        max_length=320,
        error_messages={
            "required": gettext_lazy("Scrivi l’indirizzo della casella"),
            "max_length": gettext_lazy("L’indirizzo è troppo lungo: controlla di non averne incollati due"),
        },
        widget=forms.TextInput(
            attrs={
                "type": "email", "inputmode": "email", "autocomplete": "email", "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )  # fmt: skip

    def clean_copia(self) -> str:
        try:
            return examined(self.cleaned_data["copia"]).address
        except AddressRefused as refusal:
            raise forms.ValidationError(str(refusal), code=type(refusal).__name__) from refusal


class CopyCodeForm(forms.Form):
    """The code as typed or pasted; it may stand in a sentence."""

    codice = forms.CharField(
        label=gettext_lazy("Codice ricevuto"),
        max_length=LONGEST,
        error_messages={
            "required": gettext_lazy("Scrivi il codice che hai ricevuto"),
            "max_length": gettext_lazy("Il testo è troppo lungo: scrivi solo il codice"),
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"}),
    )

    def clean_codice(self) -> str:
        typed: str = self.cleaned_data["codice"]
        if len(codes_in(typed, CODE_DIGITS)) != 1:
            raise forms.ValidationError(_("Il codice è fatto di %(digits)d cifre") % {"digits": CODE_DIGITS})
        return typed
