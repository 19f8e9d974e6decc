"""The forms of «Persone»: who gets a delegation, until when, for what."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pharmacies.models import Office
from pharmacies.people import terms
from portal.values import codice_fiscale
from portal.values.pasted import LONGEST, plain_text

IDS, HOURS = "id", "orari"
PARTITA_IVA_DIGITS = 11


def a_year_after(day: date) -> date:
    """The same day of the next year; 28 February after a 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


class DelegationForm(forms.Form):
    """Until when and for what."""

    fino_al = forms.DateField(
        label=gettext_lazy("Fino al"),
        help_text=gettext_lazy("L’ultimo giorno della delega, compreso: al massimo un anno da oggi."),
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y"],
        error_messages={
            "required": gettext_lazy("Scrivi l’ultimo giorno della delega"),
            "invalid": gettext_lazy("Scrivi il giorno così: 31/12/2026"),
        },
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    cosa = forms.MultipleChoiceField(
        label=gettext_lazy("Che cosa può fare"),
        help_text=gettext_lazy("L’indirizzo certificato, le utenze e le deleghe restano al titolare e al direttore."),
        choices=[
            (IDS, gettext_lazy("ID SESSIONE: vederli, chiederli, reinviarli, revocarli")),
            (HOURS, gettext_lazy("Orari e promemoria: quando è aperta la %(noun)s e quando le scriviamo")),
        ],
        error_messages={
            "required": gettext_lazy("Scegli almeno una cosa che la persona potrà fare"),
            "invalid_choice": gettext_lazy("Scegli tra le cose elencate"),
        },
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, today: date, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"fino_al": a_year_after(today), "cosa": [IDS], **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self._today = today

    def clean_fino_al(self) -> date:
        day: date = self.cleaned_data["fino_al"]
        if day < self._today:
            raise forms.ValidationError(_("Questo giorno è già passato: scegli oggi o un giorno che viene"))
        if day > a_year_after(self._today):
            raise forms.ValidationError(
                _("Una delega dura al massimo un anno: fino al %(day)s. Poi la puoi prolungare.")
                % {"day": f"{a_year_after(self._today):%d/%m/%Y}"}
            )
        return day

    @property
    def until(self) -> datetime:
        """The midnight after the last day (UTC), of a valid form."""
        return terms.ends_after(self.cleaned_data["fino_al"])

    @property
    def ids(self) -> bool:
        return IDS in self.cleaned_data["cosa"]

    @property
    def hours(self) -> bool:
        return HOURS in self.cleaned_data["cosa"]

    @staticmethod
    def facts_of(office: Office) -> dict[str, Any]:
        """The initial values of the form for this delegation."""
        chosen = [name for name, is_so in ((IDS, office.may_use_ids), (HOURS, office.may_set_hours)) if is_so]
        return {"fino_al": terms.last_day(office.until) if office.until else None, "cosa": chosen}


class NewDelegationForm(DelegationForm):
    """Also to whom."""

    codice_fiscale = forms.CharField(
        label=gettext_lazy("Codice fiscale"),
        help_text=gettext_lazy("Quello con cui la persona entra: 16 caratteri, dalla tessera sanitaria."),
        max_length=LONGEST,
        error_messages={
            "required": gettext_lazy("Scrivi il codice fiscale della persona"),
            "max_length": gettext_lazy("Il testo è troppo lungo: scrivi solo il codice fiscale"),
        },
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false", "autocomplete": "off"}),
    )
    nome = forms.CharField(
        label=gettext_lazy("Nome"),
        max_length=120,
        error_messages={"required": gettext_lazy("Scrivi il nome della persona")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    cognome = forms.CharField(
        label=gettext_lazy("Cognome"),
        max_length=120,
        error_messages={"required": gettext_lazy("Scrivi il cognome della persona")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("codice_fiscale", "nome", "cognome", "fino_al", "cosa")

    def __init__(self, own: str, *args: Any, **kwargs: Any) -> None:
        """`own`: the codice fiscale of the person who fills in the form."""
        super().__init__(*args, **kwargs)
        self._own = own

    def clean_codice_fiscale(self) -> str:
        typed: str = self.cleaned_data["codice_fiscale"]
        value = codice_fiscale.in_text(typed)
        if value == self._own:
            raise forms.ValidationError(_("È il tuo codice fiscale: a te una delega non serve, puoi già fare tutto"))
        if value.isdigit() and len(value) == PARTITA_IVA_DIGITS:
            raise forms.ValidationError(
                _("Questi 11 numeri sono di una società: una delega si dà a una persona, con i suoi 16 caratteri")
            )
        codice_fiscale.validate(value)
        return value

    def clean_nome(self) -> str:
        return _one_line(self.cleaned_data["nome"])

    def clean_cognome(self) -> str:
        return _one_line(self.cleaned_data["cognome"])

    @property
    def names(self) -> tuple[str, str]:
        """Family name, given name."""
        return self.cleaned_data["cognome"], self.cleaned_data["nome"]


def _one_line(text: str) -> str:
    """Cleans a name: letters carry it in fields that programs read by line."""
    return " ".join("".join(c if c.isprintable() else " " for c in plain_text(text)).split())
