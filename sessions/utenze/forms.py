"""The forms with which the titolare creates an utenza and changes its password."""

from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pharmacies import site_words
from pharmacies.models import Pharmacy, Utenza
from portal.values import codice_fiscale
from sessions.utenze.passwords import SHORTEST, WeakPassword, examine

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_NEW = {"autocomplete": "new-password", "spellcheck": "false"}


class PasswordForm(forms.Form):
    """The new password, typed twice because it is never shown."""

    password = forms.CharField(
        label="Nuova password",
        help_text=f"Almeno {SHORTEST} caratteri, di qualsiasi tipo, anche spazi. Una frase lunga va benissimo.",
        max_length=200,
        strip=False,
        error_messages={"required": "Scrivi la password", "max_length": "La password è troppo lunga"},
        widget=forms.PasswordInput(attrs=_NEW),
    )
    ripeti = forms.CharField(
        label="Ripeti la password",
        max_length=200,
        strip=False,
        error_messages={"required": "Ripeti la password", "max_length": "La password è troppo lunga"},
        widget=forms.PasswordInput(attrs=_NEW),
    )

    def __init__(self, pharmacy: Pharmacy, *args: Any, user_id: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pharmacy = pharmacy
        self.words = [word for word in (user_id, pharmacy.name, pharmacy.display_name, "portale farmacie") if word]

    def clean_password(self) -> str:
        # NFC: keyboards write è as one character or as two
        password = normalize("NFC", str(self.cleaned_data["password"]))
        try:
            examine(password, self.words)
        except WeakPassword as weak:
            raise ValidationError(site_words.about(str(weak), self.pharmacy)) from weak
        return password

    def clean_ripeti(self) -> str:
        again = normalize("NFC", str(self.cleaned_data["ripeti"]))
        if "password" in self.cleaned_data and again != self.cleaned_data["password"]:
            raise ValidationError("Le due password non sono uguali: scrivile di nuovo")
        return again


class CodeField(forms.CharField):
    """A field of decimal digits, `lengths[0]` to `lengths[1]` of them."""

    def __init__(self, label: str, lengths: tuple[int, int], help_text: "StrOrPromise") -> None:
        least, most = lengths
        wanted = f"{most} cifre" if least == most else f"{least} o {most} cifre"
        super().__init__(
            label=label,
            help_text=help_text,
            min_length=least,
            max_length=most,
            error_messages={
                "required": f"{label}: scrivi {wanted}",
                "min_length": f"{label}: servono {wanted}",
                "max_length": f"{label}: servono {wanted}",
            },
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        )

    def clean(self, value: Any) -> str:
        code = str(super().clean(value))
        if not (code.isascii() and code.isdigit()):
            raise ValidationError(f"{self.label}: solo cifre")
        return code


class NewUtenzaForm(PasswordForm):
    """The data of a new utenza; the portal makes the userId and the pincode."""

    codice_fiscale = forms.CharField(
        label="Codice fiscale abbinato",
        help_text="Quello che il gestionale indica a ogni richiesta: di solito del titolare.",
        max_length=24,
        error_messages={"required": "Scrivi il codice fiscale", "max_length": "Il codice fiscale ha 16 caratteri"},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    codice_regione = CodeField("Codice regione", (3, 3), "3 cifre, come 042.")
    codice_asl = CodeField("Codice ASL/AO", (3, 3), _("3 cifre, quello dell’azienda sanitaria della %(noun)s."))
    codice_ssa = CodeField("Codice SSA", (5, 6), _("5 o 6 cifre, quello con cui la %(noun)s è convenzionata."))
    field_order = ("codice_fiscale", "codice_regione", "codice_asl", "codice_ssa", "password", "ripeti")

    def __init__(self, pharmacy: Pharmacy, person: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(pharmacy, *args, initial=suggested(pharmacy, person), **kwargs)
        site_words.fill(self, pharmacy)

    def clean_codice_fiscale(self) -> str:
        value = codice_fiscale.normalise(self.cleaned_data["codice_fiscale"])
        codice_fiscale.validate(value)
        return value

    @property
    def codes(self) -> tuple[str, str, str]:
        data = self.cleaned_data
        return data["codice_regione"], data["codice_asl"], data["codice_ssa"]


def suggested(pharmacy: Pharmacy, person: str) -> dict[str, str]:
    """Initial values, from the newest utenza of the pharmacy, else from the register. `person`: the codice fiscale of the
    titolare or direttore at the page.
    """
    newest = Utenza.objects.filter(pharmacy=pharmacy).order_by("-created_at", "-pk").first()
    if newest is not None:
        return {
            "codice_fiscale": newest.codice_fiscale, "codice_regione": newest.codice_regione,
            "codice_asl": newest.codice_asl, "codice_ssa": newest.codice_ssa,
        }  # fmt: skip
    return {
        "codice_fiscale": person, "codice_regione": pharmacy.region_code, "codice_asl": pharmacy.asl_code[-3:],
        "codice_ssa": pharmacy.code.zfill(5),
    }  # fmt: skip
