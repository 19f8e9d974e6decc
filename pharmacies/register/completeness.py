"""Decides whether a file is the whole register. Only a whole file may close pharmacies: a partial one may lack their rows."""

import re
from datetime import date

from django.conf import settings

from pharmacies.models import RegisterImport

# Reasons why a file is not whole: (English for the command, Italian for the staff's pages).
FLAWS = {
    "no_row_end": ("it stops in the middle of its last row", "si interrompe a metà dell’ultima riga"),
    "last_row_broken": ("its last row is broken", "l’ultima riga è spezzata"),
    "not_closed": ("it is not well formed to its end", "non è ben formato fino in fondo"),
    "shorter": ("the download broke off", "lo scaricamento si è interrotto"),
    "no_length": (
        "the server did not say how long it is, so the download may be incomplete",
        "il server non ha detto quanto è lungo",
    ),
    "fewer": ("it has far fewer pharmacies than the last whole file", "ha troppe farmacie in meno dell’ultimo intero"),
    "older": ("a newer file was imported already", "ne è già stato letto uno più recente"),
}
DAY_IN_NAME = re.compile(r"(?<!\d)(20\d{2})-?(\d{2})-?(\d{2})(?!\d)")  # FRM_FARMA_5_20261130.csv


def day_in_name(name: str) -> date | None:
    """Returns the day in the file's name, as the Ministry writes it; None when there is none."""
    for year, month, day in DAY_IN_NAME.findall(name):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def day_of(name: str, today: date) -> date:
    """Returns the day of the file: the day in its name, else `today`; never a future day."""
    return min(day_in_name(name) or today, today)


def flaw_of(name: str, pharmacies: int) -> str:
    """Compares the file with the last whole one: "older", "fewer", or "" (keys of FLAWS)."""
    last = RegisterImport.objects.last_whole()
    if last is None:
        return ""
    day, last_day = day_in_name(name), day_in_name(last.file)
    if day is not None and last_day is not None and day < last_day:
        return "older"
    return "fewer" if pharmacies * 100 < last.pharmacies * settings.REGISTER_WHOLE_PERCENT else ""
