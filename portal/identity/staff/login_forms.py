"""Forms of the staff login."""

from django import forms

from portal.identity.models.staff import DIGITS, STEP
from portal.values.pasted import LONGEST, codes_in


class StaffPasswordForm(forms.Form):
    username = forms.CharField(
        label="Nome utente",
        max_length=64,
        error_messages={"required": "Scrivi il nome utente."},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label="Password",
        max_length=256,
        strip=False,
        error_messages={"required": "Scrivi la password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class UnrepeatedInput(forms.TextInput):
    """Renders empty after an error: a one-time code cannot be used again."""

    def format_value(self, value: object) -> None:
        return None


class TotpForm(forms.Form):
    code = forms.CharField(
        label="Codice dell’app",
        help_text=f"{DIGITS} cifre, cambiano ogni {STEP} secondi.",
        max_length=LONGEST,
        error_messages={"required": "Scrivi il codice che vedi nell’app."},
        widget=UnrepeatedInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "code-input", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        found = codes_in(self.cleaned_data["code"], DIGITS)
        if len(found) != 1:
            raise forms.ValidationError(f"Il codice è di {DIGITS} cifre: copialo come lo vedi nell’app.")
        return found[0]
