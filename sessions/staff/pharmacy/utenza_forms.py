"""The forms with which an operator creates, renews, hands over and describes an utenza."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pharmacies import site_words
from pharmacies.models import Pharmacy, Utenza
from portal.identity.models import User
from portal.values import codice_fiscale
from sessions.staff.reason import ReasonForm
from sessions.utenze.forms import CodeField, suggested

SUGGESTED = 200  # suppliers in the list of suggestions


class SupplierField(forms.CharField):
    """The vendor of the gestionale: free text, with the names that other utenze have as suggestions (<datalist>)."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Fornitore del gestionale"),
            help_text=_("Il nome della ditta, come lo scrivono le altre utenze: così si trovano tutte insieme."),
            max_length=80,
            required=False,
            error_messages={"max_length": _("Il nome è troppo lungo: al massimo 80 caratteri")},
            widget=forms.TextInput(attrs={"autocomplete": "off", "list": "fornitori"}),
        )


def suppliers() -> list[str]:
    """The names for the list of suggestions."""
    named = Utenza.objects.exclude(supplier="").order_by("supplier")
    return list(named.values_list("supplier", flat=True).distinct()[:SUGGESTED])


class DeskUtenzaForm(ReasonForm):
    """A new utenza: the portal makes the userId, the titolare collects the secrets."""

    codice_fiscale = forms.CharField(
        label=_("Codice fiscale abbinato"),
        help_text=_("Quello che il gestionale indica a ogni richiesta: di solito del titolare."),
        max_length=24,
        error_messages={
            "required": _("Scrivi il codice fiscale"),
            "max_length": _("Il codice fiscale ha 16 caratteri"),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    codice_regione = CodeField("Codice regione", (3, 3), "3 cifre, come 042.")
    codice_asl = CodeField("Codice ASL/AO", (3, 3), _("3 cifre, quello dell’azienda sanitaria della %(noun)s."))
    codice_ssa = CodeField("Codice SSA", (5, 6), _("5 o 6 cifre, quello con cui la %(noun)s è convenzionata."))
    fornitore = SupplierField()
    field_order = ("codice_fiscale", "codice_regione", "codice_asl", "codice_ssa", "fornitore", "motivo")

    def __init__(self, pharmacy: Pharmacy, data: Any) -> None:
        super().__init__(data, initial=suggested(pharmacy, ""))
        site_words.fill(self, pharmacy)

    def clean_codice_fiscale(self) -> str:
        value = codice_fiscale.normalise(self.cleaned_data["codice_fiscale"])
        codice_fiscale.validate(value)
        return value

    @property
    def facts(self) -> dict[str, str]:
        names = ("codice_fiscale", "codice_regione", "codice_asl", "codice_ssa")
        return {name: self.cleaned_data[name] for name in names}


class NewSecretsForm(ReasonForm):
    AT_ONCE, WHEN_COLLECTED = "subito", "ritiro"

    quando = forms.ChoiceField(
        label=_("Quando smettono di valere la password e il pincode di adesso?"),
        choices=[
            (WHEN_COLLECTED, _("Quando il titolare ritira i nuovi: per esempio se la %(noun)s cambia gestionale")),
            (AT_ONCE, _("Subito: qualcun altro potrebbe conoscerli")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Scegli quando"), "invalid_choice": _("Scegli una delle due possibilità")},
    )
    fornitore = SupplierField()
    field_order = ("quando", "fornitore", "motivo")

    @property
    def at_once(self) -> bool:
        return bool(self.cleaned_data["quando"] == self.AT_ONCE)


class HandOverForm(ReasonForm):
    """The other pharmacy by its code; then its name is shown, and the operator confirms it."""

    farmacia = forms.CharField(
        label=_("Codice dell’altra farmacia"),
        max_length=12,
        error_messages={
            "required": _("Scrivi il codice della farmacia"),
            "max_length": _("Il codice ha al massimo 10 caratteri"),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    conferma = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput())
    field_order = ("farmacia", "motivo", "conferma")

    def __init__(self, utenza: Utenza, by: User, today: Any, data: Any) -> None:
        super().__init__(data)
        self.utenza, self.by, self.today = utenza, by, today

    def clean_farmacia(self) -> Pharmacy:
        found = Pharmacy.objects.visible_to(self.by).meant_by(str(self.cleaned_data["farmacia"]))
        if found is None:
            raise ValidationError(_("Nel tuo territorio non c’è una farmacia con questo codice"))
        if not found.is_open(self.today):
            raise ValidationError(site_words.about(_("Questa %(noun)s è chiusa"), found))
        if found.pk == self.utenza.pharmacy_id:
            raise ValidationError(site_words.about(_("L’utenza è già di questa %(noun)s"), found))
        return found

    @property
    def is_confirmed(self) -> bool:
        return bool(self.cleaned_data["conferma"] == self.cleaned_data["farmacia"].code)


class SupplierForm(forms.Form):
    fornitore = SupplierField()
