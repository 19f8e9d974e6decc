"""The forms of the closures and of the duties by day and by night."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from portal.time.clock import date_in_words
from sessions.hours.nights import FURTHEST
from sessions.hours.week import Day, Span, UnclearHours, read_day, read_night
from sessions.reminders.days import run_of_days

BY_DAY, BY_NIGHT = "giorno", "notte"
USUAL_DAY: Day = ((8 * 60 + 30, 20 * 60),)  # of a duty by day without hours
FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y"]
LONGEST = 120  # days that one form may name
UNCLEAR = gettext_lazy("Scrivi il giorno così: 24/12/2026")


class DaysForm(forms.Form):
    """From one day to another; the second may be left out. A valid form has `first` and `last`."""

    def __init__(self, today: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        for name, label, required in (("dal", gettext("Dal giorno"), True), ("al", gettext("Al giorno"), False)):
            self.fields[name] = forms.DateField(
                label=label,
                required=required,
                input_formats=FORMATS,
                help_text="" if required else gettext("Compreso. Se è un giorno solo, lascialo vuoto."),
                error_messages={"invalid": UNCLEAR, "required": gettext("Scrivi da che giorno")},
                widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
            )

    @property
    def first(self) -> date:
        found: date = self.cleaned_data["dal"]
        return found

    @property
    def last(self) -> date:
        found: date | None = self.cleaned_data["al"]
        return found or self.first

    @property
    def days(self) -> list[date]:
        return run_of_days(self.first, self.last)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        if self.last < self.first:
            self.add_error("al", gettext("L’ultimo giorno viene prima del primo"))
        elif self.last < self.today:
            self.add_error("dal", gettext("Questi giorni sono già passati: scrivi una data da oggi in poi"))
        elif self.last > self.today + FURTHEST:
            self.add_error("al" if data["al"] else "dal", gettext("È troppo lontano: scrivi i prossimi dodici mesi"))
        elif self.first < self.today - timedelta(days=LONGEST) or len(self.days) > LONGEST:
            wrong = gettext("Sono più di %(days)s giorni: controlla le date") % {"days": LONGEST}
            self.add_error("al", wrong)
        return data


class ClosureForm(DaysForm):
    """Days on which the pharmacy is closed."""


class DutyForm(DaysForm):
    """Duties of one kind on one or more days. A valid form has `by_night`, and `day_hours` or `night_hours`."""

    turno = forms.ChoiceField(
        label=gettext_lazy("Quando sei di turno"),
        choices=[
            (BY_DAY, gettext_lazy("di giorno, anche se è domenica, festa o ferie")),
            (BY_NIGHT, gettext_lazy("di notte, dalla sera al mattino dopo")),
        ],
        initial=BY_DAY,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Scegli se il turno è di giorno o di notte")},
    )
    orario = forms.CharField(
        label=gettext_lazy("Orario del turno"),
        help_text=gettext_lazy(
            "Di giorno ad esempio 8:30–12:30, 15:30–19:30; di notte 20–8:30. Se lo lasci vuoto: di giorno 8:30–20, di notte dalla "
            "chiusura della sera all’apertura del mattino."
        ),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    field_order = ("turno", "dal", "al", "orario")

    def __init__(self, today: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(today, *args, **kwargs)
        self.order_fields(self.field_order)
        self.fields["dal"].help_text = gettext("Di notte, il giorno della sera in cui comincia.")
        self.day_hours: Day = USUAL_DAY
        self.night_hours: Span | None = None

    @property
    def by_night(self) -> bool:
        return bool(self.cleaned_data["turno"] == BY_NIGHT)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        typed = str(data.get("orario") or "").strip()
        if not typed or "turno" not in data:
            return data
        try:
            if self.by_night:
                self.night_hours = read_night(typed)
            else:
                self.day_hours = read_day(typed)
                if not self.day_hours:
                    raise UnclearHours(gettext("Scrivi da che ora a che ora è il turno, ad esempio 8:30–20"))
        except UnclearHours as unclear:
            self.add_error("orario", str(unclear))
        return data


def between(first: date, last: date) -> str:
    """`venerdì 25 dicembre 2026`, or `da lunedì 10 agosto 2026 a domenica 23 agosto 2026`."""
    if first == last:
        return date_in_words(first)
    return gettext("da %(first)s a %(last)s") % {"first": date_in_words(first), "last": date_in_words(last)}
