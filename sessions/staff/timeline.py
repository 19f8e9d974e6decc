"""The journal of one pharmacy, narrowed: what kind of act, by whose hand, from when to when."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q

from portal.clock import ROME
from portal.journal.models import PORTAL, Entry, EntryQuerySet

KINDS = {  # how the page says it: the beginnings of the verbs
    "id": ("ID SESSIONE", ("id.",)),
    "mail": ("Mail certificata e codici", ("certification.", "code.")),
    "utenze": ("Utenze del gestionale", ("utenza.",)),
    "promemoria": ("Promemoria e orari", ("reminders.", "hours.", "nights.")),
    "note": ("Note di assistenza", ("note.",)),
}
HANDS = {"operatori": "Operatori", "farmacia": "Persone della farmacia", "portale": "Portale e gestionale"}
_NOT_A_DAY = "Scrivi il giorno così: 23/11/2026"


class TimelineFilter(forms.Form):
    """A value that makes no sense is told and left out: the page comes all the same."""

    tipo = forms.ChoiceField(
        label="Che cosa",
        choices=[("", "Tutto"), *((key, words) for key, (words, _) in KINDS.items())],
        required=False,
        error_messages={"invalid_choice": "Questo tipo non esiste: vedi tutto."},
    )
    chi = forms.ChoiceField(
        label="Chi",
        choices=[("", "Chiunque"), *HANDS.items()],
        required=False,
        error_messages={"invalid_choice": "Questa scelta non esiste: vedi chiunque."},
    )
    dal = forms.DateField(
        label="Dal",
        required=False,
        error_messages={"invalid": _NOT_A_DAY},
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    al = forms.DateField(
        label="Al",
        required=False,
        error_messages={"invalid": _NOT_A_DAY},
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def value(self, name: str) -> Any:
        """What was asked for, or nothing when it makes no sense."""
        self.is_valid()
        return self.cleaned_data.get(name)


def entries(code: str, wanted: TimelineFilter | None = None) -> EntryQuerySet:
    """The lines about a pharmacy, newest first."""
    found = Entry.objects.filter(about=code).select_related("actor").order_by("-at", "-pk")
    if wanted is None:
        return found
    if kind := wanted.value("tipo"):
        either = Q()
        for beginning in KINDS[kind][1]:
            either |= Q(verb__startswith=beginning)
        found = found.filter(either)
    if hand := wanted.value("chi"):
        found = found.filter(_of_hand(hand))
    if since := wanted.value("dal"):
        found = found.filter(at__gte=_midnight(since))
    if until := wanted.value("al"):
        found = found.filter(at__lt=_midnight(until + timedelta(days=1)))
    return found


def _of_hand(hand: str) -> Q:
    if hand == "portale":
        return Q(actor=None, actor_name=PORTAL)
    return Q(actor__is_staff=hand == "operatori")


def _midnight(day: Any) -> datetime:
    """When this Italian day begins."""
    return datetime.combine(day, time(), ROME)
