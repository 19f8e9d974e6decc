"""The form «Sono titolare o direttore di una farmacia»."""

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pharmacies.models import MAY_CERTIFY
from pharmacies.people.role_requests import Wanted
from portal.values.codice_fiscale import is_valid_partita_iva

FIRST_DAY = date(1950, 1, 1)
AHEAD = timedelta(days=90)  # an office that begins later is asked for later
_NOT_A_DAY = _("Scrivi il giorno così: 23/11/2026")


class RoleRequestForm(forms.Form):
    """`today`: the Italian day of the request. Its errors never depend on what the register knows."""

    codice = forms.CharField(
        label=_("Codice della farmacia o parafarmacia"),
        help_text=_(
            "È quello che il Ministero della Salute dà a ogni farmacia. Per una parafarmacia: P e il suo numero, per esempio P20001."
        ),
        max_length=20,
        error_messages={"required": _("Scrivi il codice della farmacia")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    ruolo = forms.ChoiceField(
        label=_("Il tuo ruolo"),
        choices=[(role.value, role.label.capitalize()) for role in MAY_CERTIFY],
        error_messages={"required": _("Scegli il tuo ruolo")},
        widget=forms.RadioSelect,
    )
    dal = forms.DateField(
        label=_("Dal giorno"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={"required": _("Scrivi da quale giorno"), "invalid": _NOT_A_DAY},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    partita_iva = forms.CharField(
        label=_("Partita IVA della farmacia o parafarmacia"),
        help_text=_("Serve a chi controlla la richiesta."),
        max_length=20,
        error_messages={"required": _("Scrivi la partita IVA")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
    )
    protocollo = forms.CharField(
        label=_("Numero di protocollo (se ce l’hai)"),
        help_text=_("Della comunicazione alla ASL, al comune o alla regione."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    nota = forms.CharField(
        label=_("Qualcosa da aggiungere (se serve)"),
        help_text=_("Niente password, codici o dati di pazienti."),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_codice(self) -> str:
        code = "".join(str(self.cleaned_data["codice"]).split()).upper()
        if not re.fullmatch(r"[A-Z0-9]{1,10}", code):
            raise forms.ValidationError(
                _("Il codice ha al massimo 10 cifre o lettere: controlla di averlo scritto tutto")
            )
        return code

    def clean_partita_iva(self) -> str:
        number = re.sub(r"^IT", "", "".join(str(self.cleaned_data["partita_iva"]).split()).upper())
        if not is_valid_partita_iva(number):
            raise forms.ValidationError(_("La partita IVA non è corretta: sono 11 cifre, controllale"))
        return number

    def clean_dal(self) -> date:
        day: date = self.cleaned_data["dal"]
        if not FIRST_DAY <= day <= self.today + AHEAD:
            raise forms.ValidationError(_("Controlla il giorno: al massimo tre mesi da oggi"))
        return day

    def clean_nota(self) -> str:
        return " ".join(str(self.cleaned_data["nota"]).split())

    def clean_protocollo(self) -> str:
        return " ".join(str(self.cleaned_data["protocollo"]).split())

    def wanted(self) -> Wanted:
        """The fields of a valid form."""
        data = self.cleaned_data
        return Wanted(
            data["codice"], data["ruolo"], data["dal"], data["partita_iva"], data["nota"], data["protocollo"]
        )  # fmt: skip
