"""The lines of «Da seguire» about the operators' own door: lock-outs, many accounts tried from one place, one from many."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from portal.identity.roles import StaffRole
from portal.identity.staff.traces import DoorAlarms, alarms
from portal.time import database_clock
from sessions.staff.lists.brief_cache import kept
from sessions.staff.lists.thing import Thing


def follow_door(now: datetime) -> list[Thing]:
    """The alarms of the last day and hour, for *sicurezza*; cached as long as the counters."""
    found = kept("door", "", lambda: alarms(database_clock.real_of(now)))
    return [
        Thing(
            "bad",
            "it-lock",
            words,
            title=gettext("Accesso degli operatori"),
            url=f"{reverse('staff:journal')}?tipo=operatori",
            role=StaffRole.SICUREZZA.value,
        )
        for words in _sentences(found)
    ]


def _sentences(found: DoorAlarms) -> list[str]:
    sentences = []
    if found.locks:
        sentences.append(
            ngettext(
                "Un blocco nell’ultimo giorno dopo troppe password o troppi codici sbagliati.",
                "%(number)s blocchi nell’ultimo giorno dopo troppe password o troppi codici sbagliati.",
                found.locks,
            )
            % {"number": found.locks}
        )
    if found.accounts:
        sentences.append(
            gettext("Nell’ultima ora qualcuno ha provato %(number)s nomi utente diversi da uno stesso luogo.")
            % {"number": found.accounts}
        )
    if found.places:
        sentences.append(
            gettext("Nell’ultima ora qualcuno ha provato uno stesso nome utente da %(number)s luoghi diversi.")
            % {"number": found.places}
        )
    return sentences
