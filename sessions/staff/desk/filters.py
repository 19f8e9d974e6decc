"""The filters of the status page. The URL holds them, so that a page can be bookmarked, sent and reloaded."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from pharmacies.models.pharmacy import NationalRegister
from portal.identity.models import User
from sessions.staff.lists.places import places_for
from sessions.staff.lists.search import is_personal
from sessions.staff.lists.selection import (  # fmt: skip
    ALL,
    BLOCKED,
    EXPIRED,
    EXPIRING,
    LIVE,
    NEVER,
    NOWHERE,
    TODAY,
    UNDELIVERED,
    WITHOUT,
    Certification,
    Delivery,
    PharmacySelection,
)
from sessions.staff.lists.suppliers import suppliers_for

STATES = [
    (TODAY, "Con un ID oggi"),
    (LIVE, "Attive"),
    (EXPIRING, "In scadenza"),
    (EXPIRED, "Scadute oggi"),
    (UNDELIVERED, "Non consegnate"),
    (WITHOUT, "Senza ID oggi"),
    (NEVER, "Mai richiesto"),
    (BLOCKED, "Con un’utenza bloccata"),
    (ALL, "Tutte le farmacie"),
]
EVERYWHERE = ("", "Tutte")
UNCERTIFIED = {Certification.NEVER.value, Certification.REVOKED.value, Certification.NONE.value}
_CONTROL = r"[\x00-\x1f\x7f]"


class StatusFilter(forms.Form):
    """Shows the error of an invalid value and ignores it: the page is rendered all the same."""

    cerca = forms.CharField(
        label="Cerca una farmacia",
        help_text="Nome, codice, comune, partita IVA, userId, codice fiscale del titolare o indirizzo e-mail.",
        max_length=80,
        required=False,
        error_messages={"max_length": "Scrivi al massimo 80 caratteri: per ora cerchiamo tra tutte."},
        validators=[RegexValidator(_CONTROL, "La ricerca contiene caratteri non validi.", inverse_match=True)],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    stato = forms.ChoiceField(
        label="Stato",
        choices=STATES,
        required=False,
        error_messages={"invalid_choice": "Questo stato non esiste: vedi le farmacie con un ID oggi."},
    )
    consegna = forms.ChoiceField(
        label="Consegna e-mail",
        choices=[EVERYWHERE, *Delivery.choices],
        required=False,
        error_messages={"invalid_choice": "Questo esito di consegna non esiste: li vedi tutti."},
    )
    certificazione = forms.ChoiceField(
        label="Indirizzo certificato",
        choices=[EVERYWHERE, *Certification.choices],
        required=False,
        error_messages={"invalid_choice": "Questa scelta sull’indirizzo non esiste: le vedi tutte."},
    )

    tipo = forms.ChoiceField(
        label=_("Farmacie o parafarmacie"),
        choices=[EVERYWHERE, *NationalRegister.choices],
        required=False,
        error_messages={"invalid_choice": _("Questa scelta non esiste: vedi le une e le altre.")},
    )

    def __init__(self, data: Any, user: User) -> None:
        super().__init__(_of_all_states(data))
        self.user = user
        places = places_for(user)
        region = str(data.get("regione", ""))
        for name, label, choices, nowhere in (
            ("regione", "Regione", [*places.regions(), (NOWHERE, _("Senza regione"))], "In questa regione non c’è nessuna farmacia: le vedi tutte."),
            ("provincia", "Provincia", places.provinces(region), "In questa provincia non c’è nessuna farmacia: le vedi tutte."),
            ("asl", "ASL", [*places.asl(region), (NOWHERE, _("Senza ASL"))], "In questa ASL non c’è nessuna farmacia: le vedi tutte."),
        ):  # fmt: skip
            self.fields[name] = forms.ChoiceField(
                label=label, choices=[EVERYWHERE, *choices], required=False, error_messages={"invalid_choice": nowhere}
            )
        self.fields["fornitore"] = forms.ChoiceField(
            label=_("Fornitore del gestionale"),
            choices=[("", _("Tutti")), *suppliers_for(user)],
            required=False,
            error_messages={"invalid_choice": _("Nessuna utenza ha questo fornitore: vedi quelle di tutti.")},
        )

    def value(self, name: str) -> str:
        """The value of this filter; "" when it is invalid."""
        self.is_valid()  # fills cleaned_data with the valid fields
        return str(self.cleaned_data.get(name, ""))

    def selection(self) -> PharmacySelection:
        """The selection of these filters."""
        return PharmacySelection(
            territory=self.user.territory, words=self.value("cerca"), state=self.value("stato"),
            region=self.value("regione"), province=self.value("provincia"), asl=self.value("asl"),
            delivery=self.value("consegna"), certification=self.value("certificazione"), supplier=self.value("fornitore"),
            register=self.value("tipo"),
        )  # fmt: skip

    def in_words(self) -> str:
        """`Stato: Attive · Regione: Veneto`, for a page or the journal; without search words that may name a person."""
        parts = []
        for name, field in self.fields.items():
            value = self.value(name)
            if value and isinstance(field, forms.ChoiceField):
                chosen = value if name == "fornitore" else dict(field.choices)[value]  # type: ignore[arg-type]
                parts.append(f"{field.label}: {chosen}")
            elif value:
                parts.append("Ricerca: riservata" if is_personal(value) else f"Ricerca: «{value}»")
        return " · ".join(parts) or f"Stato: {STATES[0][1]}"

    def query(self) -> dict[str, str]:
        """The valid filters that are not empty, for a short URL."""
        return {name: value for name in self.fields if (value := self.value(name))}


def _of_all_states(data: Any) -> Any:
    """The data, with every state when they ask for sites without a certified address: none of those has an id today."""
    if data.get("stato") or data.get("certificazione") not in UNCERTIFIED:
        return data
    return {**{name: data.get(name) for name in data}, "stato": ALL}
