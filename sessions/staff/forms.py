"""The filters of the status page. They live in the URL: a page can be kept, sent, reloaded."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from pharmacies.models import Pharmacy

TODAY, LIVE, EXPIRING, EXPIRED, UNDELIVERED, WITHOUT, NEVER, ALL = (
    "", "attive", "in-scadenza", "scadute", "non-consegnate", "senza-id", "mai-richiesto", "tutte",
)  # fmt: skip

STATES = [
    (TODAY, "Con un ID oggi"),
    (LIVE, "Attive"),
    (EXPIRING, "In scadenza"),
    (EXPIRED, "Scadute oggi"),
    (UNDELIVERED, "Non consegnate"),
    (WITHOUT, "Senza ID oggi"),
    (NEVER, "Mai richiesto"),
    (ALL, "Tutte le farmacie"),
]

_CONTROL = r"[\x00-\x1f\x7f]"


class StatusFilter(forms.Form):
    """A value that makes no sense is told and left out: the page comes all the same."""

    cerca = forms.CharField(
        label="Cerca farmacia, codice o comune",
        max_length=80,
        required=False,
        error_messages={"max_length": "Scrivi al massimo 80 caratteri: per ora cerchiamo tra tutte."},
        validators=[RegexValidator(_CONTROL, "La ricerca contiene caratteri non validi.", inverse_match=True)],
    )
    stato = forms.ChoiceField(
        label="Stato",
        choices=STATES,
        required=False,
        error_messages={"invalid_choice": "Questo stato non esiste: vedi le farmacie con un ID oggi."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provinces = Pharmacy.objects.exclude(province="").order_by("province").values_list("province", flat=True)
        self.fields["provincia"] = forms.ChoiceField(
            label="Provincia",
            choices=[("", "Tutte"), *((code, code) for code in provinces.distinct())],
            required=False,
            error_messages={"invalid_choice": "In questa provincia non c’è nessuna farmacia: le vedi tutte."},
        )

    def value(self, name: str) -> str:
        """What was asked for, or nothing when it makes no sense."""
        self.is_valid()  # fills cleaned_data with the fields that make sense
        return str(self.cleaned_data.get(name, ""))
