"""The lines of «Da seguire» about the national registers: one that is stale, one whose last night brought nothing."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from pharmacies.register.nightly.age import RegisterAge, ages
from sessions.staff.lists.brief_cache import kept
from sessions.staff.lists.thing import Thing

LASTS = 6  # times the cache time of the counters: a register ages by days


def follow_register(now: datetime) -> list[Thing]:
    """One line for each register that is stale or whose last try failed; the same for every territory; cached."""
    found = kept("registers", "", lambda: [age for age in ages(now) if age.is_stale or age.fails], LASTS)
    return [_line(age) for age in found]


def _line(age: RegisterAge) -> Thing:
    title = gettext("Registro nazionale: %(register)s") % {"register": age.register.label.lower()}
    if not age.is_stale:
        words = gettext("Nell’ultima notte non è arrivato un file intero: il portale riprova da solo.")
        return Thing("warn", "it-clock", words, title=title, url=reverse("staff:register_nights"))
    if age.last is None:
        words = gettext("Non è mai stato letto un file intero.")
    else:
        words = gettext("Fermo al %(day)s: aperture e chiusure più recenti non ci sono.") % {
            "day": f"{age.last.day:%d/%m/%Y}"
        }
    return Thing("bad", "it-error", words, title=title, url=reverse("staff:register_nights"))
