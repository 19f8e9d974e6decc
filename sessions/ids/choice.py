"""The utenza and the context that a page of "Gestione ID-SESSIONE" is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms

from pharmacies.models import Pharmacy, Utenza
from sessions.models import Context


@dataclass(frozen=True)
class IdChoice:
    utenza: Utenza
    context: Context

    @property
    def query(self) -> str:
        """`utenza=3&uso=1`, for a link that keeps this choice."""
        return urlencode(self.fields)

    @property
    def fields(self) -> dict[str, int]:
        return {"utenza": self.utenza.pk, "uso": self.context.pk}


class ContextField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    def label_from_instance(self, obj: Context) -> str:
        return f"{obj.name} ({obj})"


class ChoiceForm(forms.Form):
    """The page's filters, from the URL. Defaults: the first usable utenza, the first context. A wrong value is an error."""

    utenza = forms.ModelChoiceField(Utenza.objects.none(), label="Utenza del gestionale", empty_label=None)
    uso = ContextField(Context.objects.none(), label="Serve per", empty_label=None)

    def __init__(self, pharmacy: Pharmacy, data: Mapping[str, str]) -> None:
        utenze, contexts = pharmacy.utenze.order_by("user_id"), Context.objects.for_pharmacies()
        usable = next((utenza for utenza in utenze if utenza.is_usable), None)
        defaults: dict[str, object] = {"utenza": getattr(usable or utenze.first(), "pk", "")}
        defaults["uso"] = getattr(contexts.first(), "pk", "")
        super().__init__({key: data.get(key) or defaults[key] for key in defaults})
        self.fields["utenza"].queryset = utenze  # type: ignore[attr-defined]
        self.fields["uso"].queryset = contexts  # type: ignore[attr-defined]
        self.worth_showing = utenze.count() > 1 or contexts.count() > 1

    def choice(self) -> IdChoice | None:
        """None when the pharmacy has no utenza, or when the URL names an utenza of another pharmacy or an unknown context."""
        return IdChoice(self.cleaned_data["utenza"], self.cleaned_data["uso"]) if self.is_valid() else None
