"""«Contesti»: the rows that say how long an id lasts, what a new one does to the old, what the gestionale must send."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.clock import now_of
from portal.identity.access import staff_required
from portal.journal.models import Entry, record
from sessions.models import Context

LONGEST = 48  # hours
CHANGES_SHOWN = 10
FIELDS = (
    "userId", "identificativo", "cfUtente", "codRegione", "codAslAo", "codSsa", "codiceStruttura", "contesto",
    "applicazione",
)  # fmt: skip
KINDS = (("P", "P, pincode"), ("I", "I, identificativo dell’inviante"))


class ContextForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    hours = forms.IntegerField(
        label="Ore di validità",
        help_text=f"Da 1 a {LONGEST}. Vale per gli ID chiesti da ora: quelli già emessi non cambiano.",
        min_value=1,
        max_value=LONGEST,
        error_messages={
            "required": "Scrivi le ore di validità",
            "invalid": "Le ore di validità sono un numero intero",
            "min_value": f"Le ore di validità vanno da 1 a {LONGEST}",
            "max_value": f"Le ore di validità vanno da 1 a {LONGEST}",
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    policy = forms.ChoiceField(
        label="Quando arriva un nuovo ID", choices=Context.Policy.choices, widget=forms.RadioSelect
    )
    required_fields = forms.MultipleChoiceField(
        label="Campi obbligatori",
        help_text="codRegione, codAslAo e codSsa si chiedono solo quando il gestionale chiede un ID.",
        choices=[(name, name) for name in FIELDS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    allowed_tipo = forms.ChoiceField(label="Tipo di identificativo ammesso", choices=KINDS, widget=forms.RadioSelect)

    class Meta:
        model = Context
        fields = ("title", "hours", "policy", "required_fields", "allowed_tipo")
        labels = {"title": "Nome"}
        help_texts = {"title": "Come lo chiamano le persone. Senza, si vedono i due codici."}

    @property
    def changes(self) -> str:
        """`ore di validità da 16 a 10; …`: what the journal says."""
        return "; ".join(f"{self._name(each)} da {self._was(each)} a {self._is(each)}" for each in self.changed_data)

    def _name(self, field: str) -> str:
        return str(self.fields[field].label).lower()

    def _was(self, field: str) -> str:
        return _words(self.initial.get(field))

    def _is(self, field: str) -> str:
        return _words(self.cleaned_data[field])


def _words(value: Any) -> str:
    return ", ".join(value) or "nessuno" if isinstance(value, list) else f"«{value}»"


@staff_required("amministrazione")
@require_safe
def every_context(request: HttpRequest) -> HttpResponse:
    """The rows, and who changed them last."""
    changes = Entry.objects.filter(about="", verb="context.changed").order_by("-at", "-pk")[:CHANGES_SHOWN]
    return render(request, "staff/contexts.html", {"contexts": Context.objects.order_by("pk"), "changes": changes})


@staff_required("amministrazione")
@require_http_methods(["GET", "HEAD", "POST"])
def context(request: HttpRequest, pk: int) -> HttpResponse:
    """One row: everything but the two codes that gestionali send."""
    row = get_object_or_404(Context, pk=pk)
    form = ContextForm(request.POST or None, instance=row)
    if form.is_valid():
        if form.changed_data:
            with transaction.atomic():
                form.save()
                record("context.changed", now=now_of(request), actor=request.user, subject=row, context=str(row), changes=form.changes)  # fmt: skip
            messages.success(request, f"Contesto {row} salvato.")
        else:
            messages.info(request, f"Contesto {row}: non è cambiato nulla.")
        return redirect("staff:contexts")
    return render(request, "staff/context.html", {"form": form, "row": Context.objects.get(pk=pk)})
