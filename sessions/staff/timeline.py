"""Filters of the journal: kind of act, kind of actor, period."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q

from portal.journal.models import PORTAL, Entry, EntryQuerySet
from portal.time.clock import ROME
from sessions.staff.looks import LOOKED

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Kinds = dict[str, tuple[str, tuple[str, ...]]]
KINDS: Kinds = {  # label on the page, prefixes of the verbs
    "id": ("ID SESSIONE", ("id.", "assertion.")),
    "mail": ("Mail certificata e codici", ("certification.", "code.")),
    "persone": ("Incarichi e deleghe", ("office.", "offices.", "request.")),
    "utenze": ("Utenze del gestionale", ("utenza.",)),
    "promemoria": (
        "Promemoria e orari",
        ("reminders.", "copy.", "hours.", "nights.", "calendar.", "webhook.", "semaforo."),
    ),
    "messaggi": ("Messaggi", ("letter.", "report.", "mailboxes.", "pec.")),
    "luogo": ("Regione e ASL", ("place.",)),
    "note": ("Note di assistenza", ("note.",)),
}
HANDS = {"operatori": "Operatori", "farmacia": "Titolare e collaboratori", "portale": "Portale e gestionale"}
_NOT_A_DAY = "Scrivi il giorno così: 23/11/2026"
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


class DayField(forms.DateField):
    """A day of the Italian calendar, from `first` to LAST_DAY: outside, arithmetic on instants could overflow."""

    def __init__(self, label: "StrOrPromise", first: date = FIRST_DAY) -> None:
        super().__init__(
            label=label,
            required=False,
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            validators=[MinValueValidator(first, _NOT_A_DAY), MaxValueValidator(LAST_DAY, _NOT_A_DAY)],
            error_messages={"invalid": _NOT_A_DAY},
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        )


class TimelineFilter(forms.Form):
    """Shows the error of an invalid value and ignores it: the page is rendered all the same."""

    KINDS: ClassVar[Kinds] = KINDS
    tipo = forms.ChoiceField(
        label="Che cosa",
        required=False,
        error_messages={"invalid_choice": "Questo tipo non esiste: vedi tutto."},
    )
    chi = forms.ChoiceField(
        label="Chi",
        choices=[("", "Chiunque"), *HANDS.items()],
        required=False,
        error_messages={"invalid_choice": "Questa scelta non esiste: vedi chiunque."},
    )
    dal = DayField("Dal")
    al = DayField("Al")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tipo"].choices = [  # type: ignore[attr-defined]
            ("", "Tutto"), *((key, words) for key, (words, _) in self.KINDS.items()),
        ]  # fmt: skip

    def value(self, name: str) -> Any:
        """The value of this filter; None or "" when it is invalid or empty."""
        self.is_valid()
        return self.cleaned_data.get(name)

    def narrow(self, found: EntryQuerySet) -> EntryQuerySet:
        """Narrows the entries to the ones that match the filters."""
        if kind := self.value("tipo"):
            either = Q()
            for beginning in self.KINDS[kind][1]:
                either |= Q(verb__startswith=beginning)
            found = found.filter(either)
        if hand := self.value("chi"):
            found = found.filter(_of_hand(hand))
        if since := self.value("dal"):
            found = found.filter(at__gte=midnight(since))
        if until := self.value("al"):
            found = found.filter(at__lt=midnight(until + timedelta(days=1)))
        return found


def entries(code: str) -> EntryQuerySet:
    """The journal entries about a pharmacy, newest first, without the looks of operators: the whole journal and the titolare have
    them.
    """
    return Entry.objects.filter(about=code).exclude(verb=LOOKED).select_related("actor").order_by("-at", "-pk")


def midnight(day: date) -> datetime:
    """The beginning of this day in Italy."""
    return datetime.combine(day, time(), ROME)


def _of_hand(hand: str) -> Q:
    if hand == "portale":
        return Q(actor=None, actor_name=PORTAL)
    return Q(actor__is_staff=hand == "operatori")
