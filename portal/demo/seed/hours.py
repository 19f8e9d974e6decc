"""Gives some pharmacies of the seed opening hours, duties, a closure and a webhook.

It calls the same functions as the pages, after the ids exist, so that the reminders of live ids are planned again.
"""

from datetime import datetime, timedelta

from pharmacies.models import Pharmacy
from portal.demo.gestionale import address
from portal.demo.seed.people import SAN_MARCO, SANTA_CHIARA, SANTA_LUCIA
from portal.identity.models import User
from portal.time.clock import ROME
from sessions.hours.week import Week, read_day
from sessions.models import ReminderSettings
from sessions.preferences import webhook_life
from sessions.reminders import days, planning
from sessions.webhooks import events

WITH_HOURS, ON_DUTY = 5, 12  # one in so many of the pharmacies without a named person
SPLIT = Week((*[read_day("8:30–12:30, 15:30–19:30")] * 5, read_day("8:30–12:30"), ()))
STRAIGHT = Week((*[read_day("8–20")] * 6, read_day("9–13")))
ANNA_IS_ON_DUTY_IN = (3, 10, 17)  # days
ANNA_IS_CLOSED_IN = (30, 36)  # days: the first and the last
CALLED = (SAN_MARCO, SANTA_LUCIA)  # Santa Lucia's id has a reminder, and so a call, two minutes after the start


def set_hours_and_nights(
    pharmacies: dict[str, Pharmacy], others: list[Pharmacy], acting: dict[str, User], now: datetime
) -> None:
    """Sets the hours of Anna's pharmacy, of Santa Chiara (Giulia) and of some others; some of these are on duty tonight."""
    today = now.astimezone(ROME).date()
    for code in (SAN_MARCO, SANTA_CHIARA):
        planning.set_hours(pharmacies[code], SPLIT, acting[code], now)
    nights = [today + timedelta(days=number) for number in ANNA_IS_ON_DUTY_IN]
    planning.set_nights(pharmacies[SAN_MARCO], nights, acting[SAN_MARCO], now)
    first, last = (today + timedelta(days=number) for number in ANNA_IS_CLOSED_IN)
    days.add_closure(pharmacies[SAN_MARCO], first, last, acting[SAN_MARCO], now)
    on_sunday = today + timedelta(days=20 - today.weekday())
    days.add_day_duties(pharmacies[SAN_MARCO], [on_sunday], read_day("9–13"), acting[SAN_MARCO], now)
    for number, pharmacy in enumerate(others):
        if number % WITH_HOURS == 0:
            planning.set_hours(pharmacy, STRAIGHT if number % 2 else SPLIT, acting[pharmacy.code], now)
        if number % ON_DUTY == 0:
            planning.set_nights(pharmacy, [today], acting[pharmacy.code], now)


def connect_gestionali(pharmacies: dict[str, Pharmacy], acting: dict[str, User], now: datetime) -> None:
    """Connects the webhooks to the demonstration's gestionale; a worker makes the first call, a test, when it starts."""
    for code in CALLED:
        webhook, _ = webhook_life.open_at(pharmacies[code], address(), acting[code], now)
        events.test(webhook, now)


def plan_again(now: datetime) -> None:
    """Plans the reminders of new ids again, by the hours of each pharmacy."""
    with_hours = ReminderSettings.objects.exclude(hours=None).values("pharmacy")
    for pharmacy in Pharmacy.objects.filter(pk__in=with_hours) | Pharmacy.objects.filter(code__in=CALLED):
        planning.plan_again(pharmacy, now)
