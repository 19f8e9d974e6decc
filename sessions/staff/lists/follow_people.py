"""The lines of «Da seguire» about people: requests of a role, addresses that no new holder confirmed in time."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from pharmacies.certification import succession
from pharmacies.certification.succession import Succession
from pharmacies.models import Pharmacy, RoleRequest
from portal.time.clock import ROME
from sessions.staff.lists.brief_cache import kept
from sessions.staff.lists.pharmacy_status import StatusRow
from sessions.staff.lists.selection import PharmacySelection
from sessions.staff.lists.thing import OF_EACH, Thing

LASTS = 6  # times the cache time of the counters: the terms are days


def follow_people(place: PharmacySelection, now: datetime) -> list[Thing]:
    """The number of open requests, then some addresses whose term is over; cached."""
    waiting, late = kept("people", place, lambda: _read(place, now), LASTS)
    lines = [
        Thing(
            "warn",
            "it-mail",
            gettext("L’indirizzo resta valido, ma dal %(day)s nessun titolare o direttore in carica lo ha confermato")
            % {"day": f"{one.since.astimezone(ROME):%d/%m/%Y}"},
            row=StatusRow(one.certification.pharmacy, None, now),
        )
        for one in late
    ]
    if waiting:
        words = ngettext(
            "Una persona chiede di risultare titolare o direttore di una farmacia.",
            "%(number)s persone chiedono di risultare titolari o direttori di una farmacia.",
            waiting,
        ) % {"number": waiting}
        title, url = gettext("Richieste di ruolo"), reverse("staff:role_requests")
        lines.insert(0, Thing("warn", "it-user", words, title=title, url=url, role="anagrafica"))
    return lines


def _read(place: PharmacySelection, now: datetime) -> tuple[int, list[Succession]]:
    open_requests = RoleRequest.objects.open()
    inside = None if place.is_everywhere else place.in_place(Pharmacy.objects.all())
    if inside is not None:
        open_requests = open_requests.filter(pharmacy__in=inside)
    rows = [row for late in succession.late(now, inside) for row in late.select_related("pharmacy")[:OF_EACH]]
    found = [succession.succession_of(row, now) for row in rows[:OF_EACH]]
    return open_requests.count(), [one for one in found if one is not None]
