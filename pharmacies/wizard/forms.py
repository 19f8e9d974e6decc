"""The forms of the wizard: the address, with its warnings, and the validation code."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pharmacies import site_words
from pharmacies.addresses.examination import AddressRefused, ExaminedAddress
from pharmacies.certification.examining import examined
from pharmacies.models import MailCertification, Pharmacy
from pharmacies.models.codice_validazione import CODE_DIGITS
from portal.values.mail_address import ascii_address
from portal.values.pasted import LONGEST, codes_in, digits_of


class AddressForm(forms.Form):
    """The address, checked before anything is sent.

    Two more fields may come with it: `cosi` insists on the typed spelling, `conferma` accepts the warnings. Each contains
    the address it was given for, so that another address gets the questions again.
    """

    indirizzo = forms.CharField(
        label="Indirizzo e-mail",
        help_text="Non PEC. Meglio una casella dedicata, ad esempio idsessione@lamiafarmacia.it",
        max_length=320,  # longer than an address may be: examination.py writes the sentence about a long one
        error_messages={
            "required": gettext_lazy("Scrivi l’indirizzo e-mail della %(noun)s"),
            "max_length": "L’indirizzo è troppo lungo: controlla di non averne incollati due",
        },
        widget=forms.TextInput(
            attrs={
                "type": "email",
                "inputmode": "email",
                "autocomplete": "email",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )

    def __init__(self, pharmacy: Pharmacy, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site_words.fill(self, pharmacy)
        self.pharmacy = pharmacy
        self.examined: ExaminedAddress | None = None
        self.suggestion: str | None = None

    def clean_indirizzo(self) -> str:
        try:
            self.examined = examined(self.cleaned_data["indirizzo"])
        except AddressRefused as refusal:
            self.suggestion = refusal.suggestion
            raise forms.ValidationError(
                site_words.about(str(refusal), self.pharmacy), code=type(refusal).__name__
            ) from refusal
        self.suggestion = self.examined.suggestion
        return self.examined.address

    @property
    def cosi(self) -> str:
        """The spelling that the person insisted on; the page sends it again with the next question."""
        return str(self.data.get("cosi", ""))

    @property
    def asks_about_spelling(self) -> bool:
        """True when the domain looks like a typo and the person has not confirmed it."""
        if self.examined is None or self.suggestion is None:
            return False
        return not (self._named("cosi") or self._named("conferma"))

    @property
    def slip(self) -> str:
        """Returns how the page offers the correction: "refused" (the address is invalid), "asked" (it is valid), or ""."""
        if self.suggestion is None:
            return ""
        if self.examined is None:
            return "refused"
        return "asked" if not self.errors and self.asks_about_spelling else ""

    @property
    def warnings(self) -> list[str]:
        """Returns the warnings that the person must accept first: keys in templates/pharmacies/wizard/address.html."""
        if self.examined is None or self._named("conferma"):
            return []
        found = ["scripts"] if self.examined.mixes_scripts else []
        found += ["pec"] if self.examined.seems_pec else []
        found += ["role"] if self.examined.is_role else []
        found += ["gmail"] if self.examined.is_consumer_gmail else []
        if MailCertification.objects.used_by_another(self.pharmacy, self.examined.key):
            found.append("shared")
        return found

    def _named(self, answer: str) -> bool:
        """True when this field contains the examined address, in Unicode or in ASCII."""
        return self.examined is not None and ascii_address(str(self.data.get(answer, ""))) == self.examined.address


class CodeForm(forms.Form):
    """The six digits, alone or in the pasted line of the letter. A wrong number of digits costs no attempt."""

    codice = forms.CharField(
        label="Codice validazione",
        help_text=f"{CODE_DIGITS} cifre. Puoi incollarlo, anche con spazi o trattini.",
        max_length=LONGEST,
        error_messages={
            "required": "Scrivi il codice che hai ricevuto per e-mail",
            "max_length": f"Il codice è di {CODE_DIGITS} cifre: hai incollato un testo troppo lungo",
        },
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "class": "code-input",
                "spellcheck": "false",
            }
        ),
    )
    richiesta = forms.IntegerField(required=False, widget=forms.HiddenInput)  # key of the request that the page showed

    def clean_codice(self) -> str:
        typed = self.cleaned_data["codice"]
        found = codes_in(typed, CODE_DIGITS)
        if len(found) > 1:
            raise forms.ValidationError(
                _("Hai incollato due codici diversi: scrivi solo il più recente"), code="two_codes"
            )
        if found:
            return found[0]
        digits = digits_of(re.sub(r"^[^\d]*:", "", typed))
        if not digits:
            raise forms.ValidationError(f"Il codice è fatto di {CODE_DIGITS} cifre, senza lettere")
        raise forms.ValidationError(f"Il codice è di {CODE_DIGITS} cifre: ne hai scritte {len(digits)}")
