"""«Contesti»: their rows set how long an id lasts, what a new id does to the old, which fields the gestionale must send."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.identity.access import staff_required
from portal.identity.staff_step_up import StepUp
from portal.journal.models import Entry, record
from portal.time.clock import now_of
from sessions.gate import assertion
from sessions.models import Context, IdSessione

LONGEST_CODE = 30  # characters: the web service accepts no more
LONGEST = 48  # hours
CHANGES_SHOWN = 10
FIELDS = (
    "userId", "identificativo", "cfUtente", "codRegione", "codAslAo", "codSsa", "codiceStruttura", "contesto",
    "applicazione", "infoAggiuntive",
)  # fmt: skip
CODE_FORMAT = "può avere lettere, cifre, punti e trattini, senza spazi e senza accenti"


def _code(label: str, name: str, help_text: str, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=LONGEST_CODE,
        validators=[RegexValidator(r"\A[A-Za-z0-9._-]+\Z", f"{name} {CODE_FORMAT}")],
        error_messages={
            "required": f"Scrivi {name[0].lower()}{name[1:]}",
            "max_length": f"{name} ha al massimo {LONGEST_CODE} caratteri",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )


class ContextForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    contesto = _code(
        "Contesto", "Il codice del contesto",
        "Il codice che manda il gestionale, per esempio RICETTA-BIANCA. Conta anche la differenza fra maiuscole e minuscole.",
        required=True,
    )  # fmt: skip
    applicazione = _code(
        "Applicazione", "Il codice dell’applicazione",
        "Il codice che manda il gestionale, per esempio EROGATORE. Vuoto, se non ne manda nessuno.",
        required=False,
    )  # fmt: skip
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
    assertion_means = forms.ChoiceField(
        label=_("Mezzo dichiarato nell’asserzione firmata"), choices=[(name, name) for name in assertion.LEVEL_OF]
    )
    policy = forms.ChoiceField(
        label="Quando arriva un nuovo ID", choices=Context.Policy.choices, widget=forms.RadioSelect
    )
    before_opening = forms.BooleanField(
        label=_("Pronto all’apertura: chi vuole trova l’ID già chiesto dal portale"),
        help_text=_("Poco prima che la farmacia o parafarmacia apra. Solo se il nuovo ID lascia valido quello in uso."),
        required=False,
    )
    required_fields = forms.MultipleChoiceField(
        label="Campi obbligatori",
        help_text="codRegione, codAslAo e codSsa si chiedono solo quando il gestionale chiede un ID.",
        choices=[(name, name) for name in FIELDS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Context
        fields = (
            "contesto",
            "applicazione",
            "title",
            "hours",
            "policy",
            "required_fields",
            "short_name",
            "closed_to_new",
            "before_opening",
            "gives_assertion",
            "assertion_means",
        )
        labels = {"title": "Nome", "short_name": _("Nome breve"), "closed_to_new": _("Chiuso ai nuovi ID")}
        help_texts = {
            "title": "Come lo chiamano le persone. Senza, si vedono i due codici.",
            "short_name": _(
                "Il tipo di ricetta in due o tre parole, per esempio «Ricetta SSN»: è il titolo della scheda nelle pagine delle "
                "farmacie e compare nell’oggetto dei messaggi. Due contesti con lo stesso nome breve sono una scheda sola. "
                "Senza, si vede il nome."
            ),
            "closed_to_new": _(
                "Chi chiede un ID riceve l’errore 22. Gli ID già emessi valgono fino alla loro scadenza."
            ),
        }

    def __init__(self, *args: Any, codes_stay: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if codes_stay:
            del self.fields["contesto"], self.fields["applicazione"]
        if not assertion.is_configured() or (self.is_bound and "assertion_means" not in self.data):
            del self.fields["gives_assertion"], self.fields["assertion_means"]
        if self.is_bound and "short_name" not in self.data:  # a page opened before an upgrade has no such field
            del self.fields["short_name"]

    def clean(self) -> None:
        """Refuses a row that differs from another in capitals alone: only the web service would tell them apart. Refuses ids
        asked for by nobody where a new id ends the earlier ones.
        """
        policy = self.cleaned_data.get("policy", self.instance.policy)
        if self.cleaned_data.get("before_opening") and policy == Context.Policy.REPLACE:
            self.add_error(
                "before_opening", _("Qui un nuovo ID annulla i precedenti: il portale non può chiederlo da solo")
            )
        codes = self.cleaned_data.get("contesto"), self.cleaned_data.get("applicazione")
        if None in codes:
            return
        twins = Context.objects.filter(contesto__iexact=codes[0], applicazione__iexact=codes[1])
        twin = twins.exclude(pk=self.instance.pk).first()
        if twin is not None:
            self.add_error("contesto", f"Il contesto {twin} c’è già: modifica quello, o cambia uno dei due codici")

    @property
    def rules(self) -> str:
        """`ore di validità «16»; …`: the text of a new row in the journal."""
        names = (name for name in self.fields if name not in ("contesto", "applicazione"))
        names = (name for name in names if self.cleaned_data[name] is not False)  # a box that nobody ticked
        return "; ".join(f"{self._name(name)} {self._is(name)}" for name in names)

    @property
    def changes(self) -> str:
        """`ore di validità da 16 a 10; …`: the text of a changed row in the journal."""
        return "; ".join(f"{self._name(name)} da {self._was(name)} a {self._is(name)}" for name in self.changed_data)

    def _name(self, field: str) -> str:
        return str(self.fields[field].label).lower()

    def _was(self, field: str) -> str:
        return _words(self.initial.get(field))

    def _is(self, field: str) -> str:
        return _words(self.cleaned_data[field])


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "«sì»" if value else "«no»"
    return ", ".join(value) or "nessuno" if isinstance(value, list) else f"«{value}»"


@staff_required("amministrazione", whole_nation=True)
@require_safe
def every_context(request: HttpRequest) -> HttpResponse:
    """Every context, and the last changes with their authors."""
    changes = Entry.objects.filter(verb__startswith="context.").order_by("-at", "-pk")[:CHANGES_SHOWN]
    return render(
        request,
        "staff/contexts.html",
        {"contexts": Context.objects.order_by("pk").prefetch_related("askable"), "changes": changes},
    )


@staff_required("amministrazione", whole_nation=True, step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add_context(request: HttpRequest) -> HttpResponse:
    """«Nuovo contesto»: adds a context, in which gestionali may request ids at once."""
    form = ContextForm(request.POST if request.method == "POST" else None, instance=Context())
    if form.is_valid():
        with transaction.atomic():
            row = form.save()
            record("context.added", now=now_of(request), actor=request.user, subject=row, context=str(row), rules=form.rules)  # fmt: skip
        messages.success(
            request,
            f"Contesto {row} aggiunto: i gestionali delle farmacie lo possono già usare, le parafarmacie non ancora.",
        )
        return redirect("staff:contexts")
    return render(request, "staff/context.html", {"form": form})


@staff_required("amministrazione", whole_nation=True, step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
@transaction.atomic
def context(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes one context: its rules at any time, its two codes only while no id names it."""
    held = request.method == "POST"  # FOR UPDATE: a first id requested meanwhile waits at its foreign key
    row = get_object_or_404(Context.objects.select_for_update() if held else Context.objects, pk=pk)
    name, codes_stay = str(row), IdSessione.objects.filter(context=row).exists()
    form = ContextForm(request.POST if held else None, instance=row, codes_stay=codes_stay)
    if form.is_valid():
        if form.changed_data:
            form.save()
            record("context.changed", now=now_of(request), actor=request.user, subject=row, context=name, changes=form.changes)  # fmt: skip
            messages.success(request, f"Contesto {row} salvato.")
        else:
            messages.info(request, f"Contesto {row}: non è cambiato nulla.")
        return redirect("staff:contexts")
    return render(
        request, "staff/context.html", {"form": form, "row": Context.objects.get(pk=pk), "codes_stay": codes_stay}
    )
