"""Numbers that sentences say, each by the name of what holds it: a setting, a constant or a row. A template writes `{% said "NAME" %}`.

A number typed into a sentence grows untrue when its holder changes.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext

Holder = timedelta | int | Callable[[], timedelta | int]

_HOLDERS: dict[str, Holder] = {}
_DAYS_OF_A_MONTH = 365.25 / 12
_FROM_MONTHS = 12  # a length of fewer months is said in days


def register(holders: Mapping[str, Holder]) -> None:
    """Called once by each app, when Django starts: the names of its numbers. A callable is called each time a page says it."""
    _HOLDERS.update(holders)


def said(name: str) -> str:
    """`10 minuti` for the name of a setting (in capitals) or of a registered number. Raises KeyError for an unknown name."""
    holder = _HOLDERS.get(name)
    if holder is None:
        if not (name.isupper() and hasattr(settings, name)):
            raise KeyError(name)
        holder = getattr(settings, name)
    value = holder() if callable(holder) else holder
    return length_in_words(value) if isinstance(value, timedelta) else str(value)


def said_in(sentence: str, name: str) -> str:
    """The sentence with `{}` replaced when it is shown: for a sentence that a module holds before Django is ready."""
    return cast("str", format_lazy(sentence, lazy(said, str)(name)))


def length_in_words(length: timedelta) -> str:
    """`60 secondi`, `10 minuti`, `8 ore`, `30 giorni`, `24 mesi`, `10 anni`: the largest unit that says it without a rest.

    Months and years: 12 months or more, at most one day longer or shorter than the calendar's.
    """
    seconds = round(length.total_seconds())
    months = round(length.days / _DAYS_OF_A_MONTH)
    if months >= _FROM_MONTHS and abs(length.days - months * _DAYS_OF_A_MONTH) <= 1:
        if months % 12 == 0 and months > 24:
            return ngettext("%(number)d anno", "%(number)d anni", months // 12) % {"number": months // 12}
        return ngettext("%(number)d mese", "%(number)d mesi", months) % {"number": months}
    if seconds % 86400 == 0 and seconds > 2 * 86400:
        return gettext("%(number)d giorni") % {"number": seconds // 86400}
    if seconds == 86400:
        return gettext("un giorno")
    if seconds % 3600 == 0:
        return gettext("un’ora") if seconds == 3600 else gettext("%(number)d ore") % {"number": seconds // 3600}
    if seconds % 60 == 0 and seconds > 60:
        return gettext("%(number)d minuti") % {"number": seconds // 60}
    return ngettext("%(number)d secondo", "%(number)d secondi", seconds) % {"number": seconds}
