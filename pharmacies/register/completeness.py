"""Is the file the whole register? Only a whole file takes something away: silence in a piece of one proves nothing."""

import re
from datetime import date

from django.conf import settings

from pharmacies.models import RegisterImport

# Why a file is not whole: what the command says, and what the staff read.
FLAWS = {
    "no_row_end": ("it stops in the middle of its last row", "si interrompe a metà dell’ultima riga"),
    "last_row_broken": ("its last row is broken", "l’ultima riga è spezzata"),
    "not_closed": ("it is not well formed to its end", "non è ben formato fino in fondo"),
    "shorter": ("the download broke off", "lo scaricamento si è interrotto"),
    "no_length": (
        "the server did not say how long it is, so nobody can tell whether all of it came",
        "il server non ha detto quanto è lungo",
    ),
    "fewer": ("it has too few pharmacies beside the last whole one", "ha troppe farmacie in meno dell’ultimo intero"),
    "older": ("a newer one has been read already", "ne è già stato letto uno più recente"),
}
DAY_IN_NAME = re.compile(r"(?<!\d)(20\d{2})-?(\d{2})-?(\d{2})(?!\d)")  # FRM_FARMA_5_20261130.csv


def day_in_name(name: str) -> date | None:
    """The day that the Ministry writes in the name of the file; None when there is none."""
    for year, month, day in DAY_IN_NAME.findall(name):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def day_of(name: str, today: date) -> date:
    """The day of which the file speaks: never one that is still to come."""
    return min(day_in_name(name) or today, today)


def flaw_of(name: str, pharmacies: int) -> str:
    """What the last whole file has against this one, by a word of FLAWS; "" when nothing."""
    last = RegisterImport.objects.last_whole()
    if last is None:
        return ""
    mine, theirs = day_in_name(name), day_in_name(last.file)
    if mine is not None and theirs is not None and mine < theirs:
        return "older"
    return "fewer" if pharmacies * 100 < last.pharmacies * settings.REGISTER_WHOLE_PERCENT else ""
