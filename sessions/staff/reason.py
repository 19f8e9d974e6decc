"""«Motivo»: the reason that the staff must give before they act on a pharmacy; and the texts of notes."""

from django import forms
from django.core.exceptions import ValidationError


def one_line(typed: str) -> str:
    """Prepares the text for a sentence: no line breaks, no dot at the end."""
    return " ".join(typed.split()).rstrip(".")


class ReasonForm(forms.Form):
    motivo = forms.CharField(
        label="Motivo",
        help_text="Lo leggono il titolare e gli altri operatori: niente password, codici o dati di pazienti.",
        max_length=200,
        error_messages={
            "required": "Scrivi il motivo",
            "max_length": "Il motivo è troppo lungo: al massimo 200 caratteri",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_motivo(self) -> str:
        reason = one_line(str(self.cleaned_data["motivo"]))
        if not reason:
            raise ValidationError("Scrivi il motivo")
        return reason

    @property
    def reason(self) -> str:
        return str(self.cleaned_data["motivo"])


class NoteForm(forms.Form):
    testo = forms.CharField(
        label="Nota",
        help_text="La leggono solo gli operatori. Niente password, codici o dati di pazienti.",
        max_length=500,
        error_messages={
            "required": "Scrivi la nota",
            "max_length": "La nota è troppo lunga: al massimo 500 caratteri",
        },
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class OutcomeForm(forms.Form):
    esito = forms.CharField(
        label="Com’è finita",
        help_text="La leggono solo gli operatori.",
        max_length=200,
        error_messages={
            "required": "Scrivi com’è finita",
            "max_length": "È troppo lungo: al massimo 200 caratteri",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
