"""Decides whether a file is whole. Only a whole file may close pharmacies or end offices: a partial one may lack their rows."""

import re
from datetime import date

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
    "fewer": ("it names far fewer than the last whole file", "ne nomina molte meno dell’ultimo intero"),
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


def flaw_against(last: tuple[str, int], name: str, size: int, percent: int) -> str:
    """Compares a file (name, size) with the last whole one, `last`: "older", "fewer", or "" (keys of FLAWS).

    A size counts what the file names (pharmacies, offices); a whole file has at least `percent` of the last whole one's.
    """
    last_name, last_size = last
    day, last_day = day_in_name(name), day_in_name(last_name)
    if day is not None and last_day is not None and day < last_day:
        return "older"
    return "fewer" if size * 100 < last_size * percent else ""


def first_flaw(of_the_file: str, doubt: str, *, proves_its_end: bool = False) -> str:
    """Returns the flaw to tell of one found in the file and one (`doubt`) found while it was downloaded; "" for none.

    `proves_its_end`: the format itself shows that the file is complete, whatever its server said about the length.
    """
    if doubt == "no_length" and proves_its_end:
        doubt = ""
    return doubt if doubt == "shorter" else of_the_file or doubt
