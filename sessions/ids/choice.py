"""For which utenza and which context a page of "Gestione ID-SESSIONE" speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms

from pharmacies.models import Pharmacy, Utenza
from sessions.models import Context


@dataclass(frozen=True)
class Choice:
    utenza: Utenza
    context: Context

    @property
    def query(self) -> str:
        """`utenza=3&uso=1`, for a link that keeps the choice."""
        return urlencode(self.fields)

    @property
    def fields(self) -> dict[str, int]:
        return {"utenza": self.utenza.pk, "uso": self.context.pk}


class ContextField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    def label_from_instance(self, obj: Context) -> str:
        return f"{obj.name} ({obj})"


class ChoiceForm(forms.Form):
    """Filters of the page, in the URL. What is missing or wrong is replaced by the usual."""

    utenza = forms.ModelChoiceField(Utenza.objects.none(), label="Utenza del gestionale", empty_label=None)
    uso = ContextField(Context.objects.none(), label="Serve per", empty_label=None)

    def __init__(self, pharmacy: Pharmacy, data: Mapping[str, str]) -> None:
        utenze, contexts = pharmacy.utenze.order_by("user_id"), Context.objects.for_pharmacies()
        usable = next((utenza for utenza in utenze if utenza.is_usable), None)
        usual: dict[str, object] = {"utenza": getattr(usable or utenze.first(), "pk", "")}
        usual["uso"] = getattr(contexts.first(), "pk", "")
        super().__init__({key: data.get(key) or usual[key] for key in usual})
        self.fields["utenza"].queryset = utenze  # type: ignore[attr-defined]
        self.fields["uso"].queryset = contexts  # type: ignore[attr-defined]
        self.worth_showing = utenze.count() > 1 or contexts.count() > 1

    def choice(self) -> Choice | None:
        """None when the pharmacy has no utenza, or the URL names one that is not its own."""
        return Choice(self.cleaned_data["utenza"], self.cleaned_data["uso"]) if self.is_valid() else None
