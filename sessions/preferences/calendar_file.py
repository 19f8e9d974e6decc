"""Builds the calendar of the expiries of a pharmacy's live ids. It holds no id and no part of one. Source: RFC 5545.

It is a file that programs read, not a message: it has no METHOD, which would require an ORGANIZER (RFC 5546, section 3.2.1).
"""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext

from pharmacies.models import Pharmacy
from portal.secrets.codes import keyed_hash
from portal.time.clock import ROME, italian_moment
from portal.time.said_lengths import length_in_words
from sessions.models import IdSessione
from sessions.reminders.facts import renewed

if TYPE_CHECKING:
    from icalendar import Event

LASTS = timedelta(minutes=15)  # long enough to be visible in a day view
ALARM_BEFORE = timedelta(hours=1)
READ_AGAIN_EVERY = timedelta(minutes=30)


def calendar_of(pharmacy: Pharmacy, now: datetime) -> bytes:
    """An .ics file (UTF-8): one event for each live id at its end (UTC), with an alarm ALARM_BEFORE it.

    An id that has a newer, delivered one is left out: its end is no news. The time zone is there always, because a calendar
    without a component is not valid.
    """
    from icalendar import Calendar, Timezone, vText  # imported here to spare the memory of the other workers

    calendar = Calendar()
    calendar.add("prodid", "-//Portale Farmacie//scadenze//IT")
    calendar.add("version", "2.0")
    name = vText(f"Scadenze ID SESSIONE – {pharmacy.display_name}")  # the library does not escape these two by itself
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", READ_AGAIN_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT30M")
    first, last = date(now.year, 1, 1), date(now.year + 2, 1, 1)
    calendar.add_component(Timezone.from_tzid(ROME.key, first_date=first, last_date=last))
    live = IdSessione.objects.filter(pharmacy=pharmacy).live(now).select_related("context", "utenza")
    rows = list(live.order_by("expires_at", "pk"))
    over = renewed(rows, now)
    for row in rows:
        if row.pk not in over:
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
    alarm.add("description", gettext("L’ID SESSIONE scade tra %(time)s") % {"time": length_in_words(ALARM_BEFORE)})
    alarm.add("trigger", -ALARM_BEFORE)
    event.add_component(alarm)
    return event
