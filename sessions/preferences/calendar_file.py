"""Builds the calendar of the expiries of a pharmacy's live ids. It holds no id and no part of one. Source: RFC 5545."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from pharmacies.models import Pharmacy
from portal.secrets.codes import keyed_hash
from portal.time.clock import italian_moment
from sessions.models import IdSessione

if TYPE_CHECKING:
    from icalendar import Event

LASTS = timedelta(minutes=15)  # long enough to be visible in a day view
READ_AGAIN_EVERY = timedelta(minutes=30)


def calendar_of(pharmacy: Pharmacy, now: datetime) -> bytes:
    """An .ics file (UTF-8): one event for each live id at its end (UTC), with an alarm an hour before."""
    from icalendar import Calendar  # imported here to spare the memory of the other workers

    calendar = Calendar()
    calendar.add("prodid", "-//Portale Farmacie//scadenze//IT")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    name = f"Scadenze ID SESSIONE – {pharmacy.display_name}"
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", READ_AGAIN_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT30M")
    rows = IdSessione.objects.filter(pharmacy=pharmacy).live(now).select_related("context", "utenza")
    for row in rows.order_by("expires_at", "pk"):
        calendar.add_component(_event(row, pharmacy))
    return bytes(calendar.to_ical())


def _event(row: IdSessione, pharmacy: Pharmacy) -> "Event":
    from icalendar import Alarm, Event

    event = Event()
    event.add("uid", f"{keyed_hash('sessions.expiries', str(row.pk))[:32]}@{settings.MAIL_DOMAIN}")
    event.add("dtstamp", row.requested_at)
    event.add("dtstart", row.expires_at)
    event.add("dtend", row.expires_at + LASTS)
    event.add("summary", f"Scade l’ID SESSIONE – {pharmacy.display_name}")
    requested = italian_moment(row.requested_at)
    event.add(
        "description", f"{row.context.name}, utenza {row.utenza.user_id}. Richiesto alle {requested} (ora italiana)."
    )
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", "L’ID SESSIONE scade tra un’ora")
    alarm.add("trigger", timedelta(hours=-1))
    event.add_component(alarm)
    return event
