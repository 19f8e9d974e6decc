"""The lines of «Da seguire» about people: requests of a role, addresses that no new holder confirmed in time, offices."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from portal.time.clock import ROME
from sessions.staff.lists import follow_offices
from sessions.staff.lists.brief_cache import kept
from sessions.staff.lists.pharmacy_status import StatusRow
from sessions.staff.lists.selection import PharmacySelection
from sessions.staff.lists.thing import Thing

LASTS = 6  # times the cache time of the counters: the terms are days


def follow_people(place: PharmacySelection, now: datetime) -> list[Thing]:
    """Offices, the number of open requests, then some addresses whose term is over; cached."""
    troubles = kept("people_and_offices", place, lambda: follow_offices.read(place, now), LASTS)
    lines = [
        Thing(
            "warn",
            "it-mail",
            gettext("L’indirizzo resta valido, ma dal %(day)s nessun titolare o direttore in carica lo ha confermato")
            % {"day": f"{one.since.astimezone(ROME):%d/%m/%Y}"},
            row=StatusRow(one.certification.pharmacy, None, now),
        )
        for one in troubles.late
    ]
    if waiting := troubles.requests:
        words = ngettext(
            "Una persona chiede di risultare titolare o direttore di una farmacia.",
            "%(number)s persone chiedono di risultare titolari o direttori di una farmacia.",
            waiting,
        ) % {"number": waiting}
        title, url = gettext("Richieste di ruolo"), reverse("staff:role_requests")
        lines.insert(0, Thing("warn", "it-user", words, title=title, url=url, role="anagrafica"))
    return [*follow_offices.lines_of(troubles, now), *lines]
