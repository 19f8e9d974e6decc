"""The nouns of sites in Italian sentences: «farmacia» or «parafarmacia», both feminine, so that articles and participles stay.

A sentence about one site holds the placeholder `%(noun)s` (in a template `{{ noun }}`), which Pharmacy.noun fills.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms

from pharmacies.models import Pharmacy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_HOLE = "%(noun)s"


def about(sentence: "StrOrPromise", pharmacy: Pharmacy | None) -> str:
    """Fills `%(noun)s` with the noun of this site; «farmacia» when there is none. Other placeholders stay for the caller."""
    return str(sentence).replace(_HOLE, pharmacy.noun if pharmacy is not None else "farmacia")


def fill(form: forms.BaseForm, pharmacy: Pharmacy | None) -> None:
    """Fills `%(noun)s` in the labels, help texts, choices and error messages of a form's fields."""
    for field in form.fields.values():
        field.label = about(field.label, pharmacy) if field.label else field.label
        field.help_text = about(field.help_text, pharmacy)
        field.error_messages = {code: about(words, pharmacy) for code, words in field.error_messages.items()}
        if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
            choices: Any = field.choices
            field.choices = [(value, about(words, pharmacy)) for value, words in choices]


def of_one(sites: Iterable[Pharmacy]) -> str:
    """Returns the word for any one of these sites: «farmacia», «parafarmacia» or «farmacia o parafarmacia»."""
    return " o ".join(sorted({site.noun for site in sites})) or "farmacia"


def of_many(sites: Iterable[Pharmacy]) -> str:
    """Returns the word for all these sites: «farmacie», «parafarmacie» or «farmacie e parafarmacie»."""
    return " e ".join(sorted({str(site.register.label).lower() for site in sites})) or "farmacie"
