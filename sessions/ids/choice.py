"""The utenza and the context that a page of "Gestione ID-SESSIONE" is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django import forms
from django.db.models import Q

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
    """The page's filters, from the URL. Defaults: the first usable utenza, the first context. A wrong value is an error.

    Offers the contexts of which the pharmacy may ask for ids, and those of its live ids: an id outlives the right to ask for another.
    """

    utenza = forms.ModelChoiceField(Utenza.objects.none(), label="Utenza del gestionale", empty_label=None)
    uso = ContextField(Context.objects.none(), label="Serve per", empty_label=None)

    def __init__(self, pharmacy: Pharmacy, data: Mapping[str, str], now: datetime) -> None:
        utenze = pharmacy.utenze.order_by("user_id")
        for_pharmacies, live = Context.objects.for_pharmacies(), pharmacy.ids.live(now).order_by().values("context")
        askable = for_pharmacies.open_to_new().askable_by(pharmacy).order_by().values("pk")
        contexts = for_pharmacies.filter(Q(pk__in=askable) | Q(pk__in=live))
        usable = next((utenza for utenza in utenze if utenza.is_usable), None)
        defaults: dict[str, object] = {"utenza": getattr(usable or utenze.first(), "pk", "")}
        defaults["uso"] = getattr(contexts.first(), "pk", "")
        super().__init__({key: data.get(key) or defaults[key] for key in defaults})
        self.fields["utenza"].queryset = utenze  # type: ignore[attr-defined]
        self.fields["uso"].queryset = contexts  # type: ignore[attr-defined]
        self.worth_showing = utenze.count() > 1 or contexts.count() > 1
        self.has_contexts = contexts.exists()

    def choice(self) -> IdChoice | None:
        """None when the pharmacy has no utenza, or when the URL names an utenza of another pharmacy or an unknown context."""
        return IdChoice(self.cleaned_data["utenza"], self.cleaned_data["uso"]) if self.is_valid() else None
