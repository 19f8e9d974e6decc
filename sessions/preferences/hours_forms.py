"""The forms of the opening hours (one line a day, presets, one day copied to others) and of the nights on duty."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django import forms

from sessions.hours.nights import read_nights
from sessions.hours.week import DAYS, UnclearHours, Week, read_day, write_day

PRESETS = {  # slug: title, Monday to Sunday
    "spezzato": ("Spezzato: 9–13, 15:30–19:30", ["9–13, 15:30–19:30"] * 5 + ["9–13", "chiuso"]),
    "continuato": ("Continuato: 8:30–19:30", ["8:30–19:30"] * 6 + ["chiuso"]),
    "sempre": ("Sempre aperta: 24 ore", ["24 ore"] * 7),
}
FIELDS = ("lun", "mar", "mer", "gio", "ven", "sab", "dom")
COPIES = {"feriali": ("gli altri giorni, da lunedì a venerdì", 5), "sabato": ("gli altri giorni, da lunedì a sabato", 6), "tutti": ("tutti gli altri giorni", 7)}  # fmt: skip


class HoursForm(forms.Form):
    """Seven lines, Monday first. A valid form has `week`."""

    week: Week

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, day in zip(FIELDS, DAYS, strict=True):
            attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
            self.fields[name] = forms.CharField(
                label=day.capitalize(), required=False, max_length=120, widget=forms.TextInput(attrs=attrs)
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        days = []
        for name, day in zip(FIELDS, DAYS, strict=True):
            try:
                days.append(read_day(data.get(name, "")))
            except UnclearHours as unclear:
                self.add_error(name, f"{day.capitalize()}. {unclear}")
        if not self.errors and not any(days):
            self.add_error("lun", "Scrivi l’orario di almeno un giorno, oppure premi «Togli gli orari»")
        if not self.errors:
            self.week = Week(tuple(days))
        return data


def lines_of(week: Week | None) -> dict[str, str]:
    """The seven lines that the form shows for this week."""
    if week is None:
        return {}
    return {name: write_day(day) or "chiuso" for name, day in zip(FIELDS, week.days, strict=True)}


def preset(slug: str) -> dict[str, str]:
    """The seven lines of a preset; empty for an unknown name."""
    return dict(zip(FIELDS, PRESETS[slug][1], strict=True)) if slug in PRESETS else {}


def copied(typed: dict[str, str], day: str, over: str) -> dict[str, str]:
    """The typed lines with the line of `day` copied to the days that `over` names; unchanged when either is unknown."""
    if day not in FIELDS or over not in COPIES:
        return typed
    return {**typed, **dict.fromkeys(FIELDS[: COPIES[over][1]], typed.get(day, ""))}


class NightsForm(forms.Form):
    """The dates of the nights on duty."""

    date_turni = forms.CharField(
        label="Date dei turni di notte",
        help_text="La data della sera in cui comincia il turno, una per riga. Va bene anche «dal 20/12 al 26/12».",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, today: date, *args: Any, on_record: Collection[date] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.on_record = today, on_record

    def clean_date_turni(self) -> list[date]:
        try:
            return read_nights(self.cleaned_data["date_turni"], self.today, self.on_record)
        except UnclearHours as unclear:
            raise forms.ValidationError(str(unclear)) from unclear
