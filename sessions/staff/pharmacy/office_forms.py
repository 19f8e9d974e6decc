"""The forms about the people of a pharmacy: who, as what, from when, until when; and why."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pharmacies.models import Office
from pharmacies.people import terms
from pharmacies.people.offices import OfficeRefused
from portal.values import codice_fiscale
from sessions.staff.reason import ReasonForm, one_line
from sessions.staff.timeline import DayField

PLAIN = {"autocomplete": "off"}
FIRST_DAY = date(1900, 1, 1)  # as in a file: many a titolare began before 2000


class ChangedMeanwhile(OfficeRefused):
    """The office changed after the page was shown."""

    sentence = gettext_lazy(
        "L’incarico è cambiato mentre lo guardavi: torna all’elenco delle persone e apri di nuovo «Correggi»."
    )


class OfficeReasonForm(ReasonForm):
    """The reason and the protocol number of an act on an office."""

    protocollo = forms.CharField(
        label=gettext_lazy("Numero di protocollo"),
        help_text=gettext_lazy("Dell’atto o della comunicazione, se c’è."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs=PLAIN),
    )

    def clean_protocollo(self) -> str:
        return one_line(str(self.cleaned_data["protocollo"]))

    @property
    def why(self) -> dict[str, Any]:
        """The arguments `because` and `protocol` of the verbs."""
        return {"because": self.reason, "protocol": str(self.cleaned_data["protocollo"])}


class NamesForm(OfficeReasonForm):
    """Family name, given name, first day."""

    cognome = forms.CharField(
        label=gettext_lazy("Cognome"),
        max_length=120,
        error_messages={"required": gettext_lazy("Scrivi il cognome")},
        widget=forms.TextInput(attrs=PLAIN),
    )
    nome = forms.CharField(
        label=gettext_lazy("Nome"),
        max_length=120,
        error_messages={"required": gettext_lazy("Scrivi il nome")},
        widget=forms.TextInput(attrs=PLAIN),
    )
    dal = DayField(gettext_lazy("Dal"), FIRST_DAY)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dal"].required = True
        self.fields["dal"].error_messages["required"] = _("Scrivi il primo giorno dell’incarico")
        self.fields["motivo"].help_text = _("Che cosa hai controllato. Lo leggono il titolare e gli altri operatori.")

    @property
    def names(self) -> tuple[str, str]:
        """Family name, given name."""
        return one_line(self.cleaned_data["cognome"]), one_line(self.cleaned_data["nome"])


class PersonField(forms.CharField):
    """A person's codice fiscale, normalised; a company's 11 digits get their own sentence."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Codice fiscale"),
            help_text=gettext_lazy("Della persona, 16 caratteri. Per una società: quello del legale rappresentante."),
            max_length=40,
            error_messages={"required": gettext_lazy("Scrivi il codice fiscale della persona")},
            widget=forms.TextInput(attrs={**PLAIN, "autocapitalize": "characters", "spellcheck": "false"}),
        )

    def clean(self, value: Any) -> str:
        person = codice_fiscale.normalise(str(super().clean(value)))
        if person.isdigit() and len(person) == 11:
            raise forms.ValidationError(
                _("Questo è il codice di una società: scrivi quello del suo legale rappresentante, con quel ruolo.")
            )
        codice_fiscale.validate(person)
        return person


class CorrectOfficeForm(NamesForm):
    """Role, names and days of an office that exists."""

    ruolo = forms.ChoiceField(
        label=gettext_lazy("Ruolo"),
        choices=[(role.value, role.label.capitalize()) for role in Office.Role],
        error_messages={"invalid_choice": gettext_lazy("Scegli un ruolo tra quelli elencati")},
    )
    al = DayField(gettext_lazy("Ultimo giorno"), FIRST_DAY)
    orari = forms.BooleanField(
        label=gettext_lazy("Delegato: anche orari e promemoria"),
        help_text=gettext_lazy(
            "Vale solo per una delega. Con una delega dell’amministrazione si usano sempre gli ID SESSIONE."
        ),
        required=False,
    )
    # role and days when the page was shown: a form that is sent later must not undo an end that came meanwhile
    prima = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order: tuple[str, ...] = ("ruolo", "cognome", "nome", "dal", "al", "orari", "protocollo", "motivo", "prima")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["al"].help_text = _("Compreso. Vuoto: l’incarico non ha una fine.")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        first, last = values.get("dal"), values.get("al")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("al", _("L’ultimo giorno viene prima del primo: controlla"))
        return values

    @property
    def facts(self) -> dict[str, Any]:
        """The values of the fields of Office."""
        values = self.cleaned_data
        return {
            "role": values["ruolo"],
            "family_name": self.names[0],
            "given_name": self.names[1],
            "since": terms.starts_on(values["dal"]),
            "until": terms.ends_after(values["al"]) if values["al"] else None,
            "may_set_hours": values["orari"],
        }

    def corrections_of(self, office: Office) -> dict[str, Any]:
        """As `facts`, without a day that the operator left as it is: an office may begin or end at another instant of that day.

        Raises ChangedMeanwhile.
        """
        facts, before = self.facts, self.facts_of(office)
        if self.cleaned_data["prima"] and self.cleaned_data["prima"] != before["prima"]:
            raise ChangedMeanwhile
        unchanged = {"since": "dal", "until": "al"}
        return {
            fact: value
            for fact, value in facts.items()
            if fact not in unchanged or self.cleaned_data[unchanged[fact]] != before[unchanged[fact]]
        }

    @staticmethod
    def facts_of(office: Office) -> dict[str, Any]:
        """The initial values of the form for this office."""
        return {
            "prima": f"{office.role} {office.since.isoformat()} {office.until.isoformat() if office.until else '-'}",
            "ruolo": office.role,
            "cognome": office.family_name,
            "nome": office.given_name,
            "dal": terms.first_day(office.since),
            "al": terms.last_day(office.until) if office.until else None,
            "orari": office.may_set_hours,
        }


class GiveOfficeForm(CorrectOfficeForm):
    """Also to whom."""

    persona = PersonField()
    prima = None  # type: ignore[assignment]  # Django: this form has no such field
    field_order = ("persona", *CorrectOfficeForm.field_order)


class DirettoreForm(NamesForm):
    """The new direttore. The present one ends on the day before."""

    persona = PersonField()
    field_order = ("persona", "cognome", "nome", "dal", "protocollo", "motivo")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["persona"].label = _("Codice fiscale del nuovo direttore")
        self.fields["persona"].help_text = _("16 caratteri, dalla tessera sanitaria.")
        self.fields["dal"].help_text = _("Il primo giorno del nuovo: chi c’è adesso finisce il giorno prima.")


class EndOfficeForm(OfficeReasonForm):
    """The last day of an office."""

    al = DayField(gettext_lazy("Ultimo giorno"), FIRST_DAY)
    field_order = ("al", "protocollo", "motivo")

    def __init__(self, first: date, *args: Any, **kwargs: Any) -> None:
        """`first`: the first day of the office; the last one may not come before, but may be long over."""
        super().__init__(*args, **kwargs)
        self._first = first
        self.fields["al"].required = True
        self.fields["al"].error_messages["required"] = _("Scrivi l’ultimo giorno dell’incarico")
        self.fields["al"].help_text = _("Compreso: l’incarico finisce alla mezzanotte che segue.")

    def clean_al(self) -> date:
        day: date = self.cleaned_data["al"]
        if day < self._first:
            raise forms.ValidationError(
                _("L’incarico comincia il %(day)s: scrivi quel giorno o uno che segue")
                % {"day": f"{self._first:%d/%m/%Y}"}
            )
        return day
