"""Plans the reminders of live ids: when an id is issued, and again whenever the pharmacy changes its choices.

The choice and the new plan are one transaction: the page shown after saving lists what will really be sent.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from pharmacies.models import Pharmacy, Utenza
from portal.database.claims import hold
from portal.identity.models import User
from portal.journal.models import record
from sessions.hours.moments import Moment, moments
from sessions.hours.openings import Openings
from sessions.hours.week import Week
from sessions.models import IdSessione, NightDuty, ReadyAtOpening, Reminder, ReminderSettings, Webhook
from sessions.webhooks import events

Channel = Reminder.Channel


@dataclass(frozen=True)
class Wishes:
    """Which reminders a pharmacy wants, and where a copy goes."""

    minutes: Sequence[int]  # before the end
    tell_when_expired: bool
    at_opening: bool = False  # when the pharmacy is closed at the plain time: always at the reopening


def moments_of(expires_at: datetime, chosen: ReminderSettings, now: datetime) -> list[Moment]:
    """The reminders, from `now` on, of an id that expires at `expires_at` (UTC)."""
    return _moments(expires_at, chosen, now, chosen.openings(now))


def _moments(
    expires_at: datetime, chosen: ReminderSettings, now: datetime, openings: Openings | None, *, warned: bool = False
) -> list[Moment]:
    return moments(
        expires_at, chosen.lead_times, now, openings, at_opening=chosen.at_opening, warned=warned,
        leaves=settings.REMINDER_REOPENING_LEAVES,
    )  # fmt: skip


def waiting(id_sessione: IdSessione) -> list[Moment]:
    """The mail reminders of this id that are planned and not settled, the first due first."""
    unsettled = Reminder.objects.by_mail().filter(id_sessione=id_sessione, settled_at=None).order_by("due_at")
    return [Moment(reminder.minutes_before, reminder.due_at) for reminder in unsettled]


def plan(id_sessione: IdSessione, coming: Iterable[Moment], now: datetime) -> None:
    """Writes the reminders by mail, and those for the gestionale if the pharmacy has a webhook. Idempotent."""
    rows = _rows(id_sessione, coming)
    if events.has_webhook(id_sessione.pharmacy_id):
        rows += _rows(id_sessione, events.coming(id_sessione.expires_at, now), Channel.GESTIONALE)
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)


def plan_again(pharmacy: Pharmacy, now: datetime) -> None:
    """Plans the reminders of the live ids anew, in the transaction of the change that made it necessary."""
    plan_anew(pharmacy, hold_settings(pharmacy), now)


@transaction.atomic
def choose(pharmacy: Pharmacy, wishes: Wishes, by: User, now: datetime) -> ReminderSettings:
    """Saves the choice of reminders; it also holds for the live ids."""
    chosen = hold_settings(pharmacy)
    chosen.minutes_before = sorted(set(wishes.minutes), reverse=True)
    chosen.tell_when_expired, chosen.at_opening = wishes.tell_when_expired, wishes.at_opening
    chosen.save()
    plan_anew(pharmacy, chosen, now)
    record("reminders.chosen", now=now, actor=by, about=pharmacy.code, minutes=_in_words(chosen))
    return chosen


@transaction.atomic
def set_hours(pharmacy: Pharmacy, week: Week | None, by: User, now: datetime) -> ReminderSettings:
    """Saves the opening hours; None removes them, and reminders leave at their plain time."""
    chosen = hold_settings(pharmacy)
    chosen.hours = week.dump() if week is not None else None
    chosen.save()
    plan_anew(pharmacy, chosen, now)
    in_words = "; ".join(f"{days} {hours}" for days, hours in week.lines()) if week is not None else "nessuno"
    record("hours.set", now=now, actor=by, about=pharmacy.code, hours=in_words)
    return chosen


@transaction.atomic
def set_nights(pharmacy: Pharmacy, evenings: Iterable[date], by: User, now: datetime) -> ReminderSettings:
    """Replaces the nights on duty that are not over; past nights stay on record."""
    chosen, wanted = hold_settings(pharmacy), set(evenings)
    coming = NightDuty.objects.coming(pharmacy.pk, now)
    coming.exclude(evening__in=wanted).delete()
    known = set(coming.values_list("evening", flat=True))
    NightDuty.objects.bulk_create(NightDuty(pharmacy=pharmacy, evening=day) for day in sorted(wanted - known))
    plan_anew(pharmacy, chosen, now)
    in_words = ", ".join(f"{day:%d/%m/%Y}" for day in sorted(wanted)) or "nessuno"
    record("nights.set", now=now, actor=by, about=pharmacy.code, nights=in_words)
    return chosen


def hold_settings(pharmacy: Pharmacy) -> ReminderSettings:
    """Locks the pharmacy's utenze and its settings until the end of the transaction; returns the settings."""
    # The same locks as issuing: a concurrent new id either reads the new choice or is planned again here.
    list(Utenza.objects.select_for_update(no_key=True).filter(pharmacy=pharmacy).order_by("pk"))
    ReminderSettings.objects.get_or_create(pharmacy=pharmacy)
    return ReminderSettings.objects.select_for_update(of=("self",), no_key=True).get(pharmacy=pharmacy)


def plan_anew(pharmacy: Pharmacy, chosen: ReminderSettings, now: datetime) -> None:
    """Deletes the unsettled reminders of the live ids and plans them anew. Settled reminders stay. Plans the next turn before an
    opening anew too.

    A reminder that is due but not taken by a worker stays due, unless the new plan gives its lead time a later moment: the plan
    has no other moment for it.
    """
    openings = chosen.openings(now)
    ReadyAtOpening.objects.plan_anew(pharmacy, openings, now)
    ids = list(IdSessione.objects.filter(pharmacy=pharmacy).live(now))
    reminders = Reminder.objects.filter(id_sessione__in=ids)
    unsettled = hold(reminders.filter(settled_at=None))
    warned = set(reminders.filter(letter__isnull=False).values_list("id_sessione", flat=True))
    due = _by_id_and_channel(reminders.filter(pk__in=unsettled, due_at__lte=now))
    has_webhook = Webhook.objects.open().filter(pharmacy=pharmacy).exists()
    rows, kept = [], []
    for row in ids:
        late = [reminder for reminder in due[row.pk, Channel.MAIL] if reminder.minutes_before in chosen.lead_times]
        coming = _moments(row.expires_at, chosen, now, openings, warned=row.pk in warned or bool(late))
        rows += _rows(row, coming)
        planned = {moment.minutes_before for moment in coming}
        kept += [reminder.pk for reminder in late if reminder.minutes_before not in planned]
        if has_webhook:
            late = due[row.pk, Channel.GESTIONALE]
            rows += _rows(row, events.coming(row.expires_at, now, warned=bool(late)), Channel.GESTIONALE)
            kept += [reminder.pk for reminder in late]
    reminders.filter(pk__in=set(unsettled) - set(kept)).delete()
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)


def _by_id_and_channel(reminders: Iterable[Reminder]) -> dict[tuple[int, str], list[Reminder]]:
    """Groups reminders by id (key) and channel."""
    found: dict[tuple[int, str], list[Reminder]] = defaultdict(list)
    for reminder in reminders:
        found[reminder.id_sessione_id, reminder.channel].append(reminder)
    return found


def _rows(id_sessione: IdSessione, coming: Iterable[Moment], channel: Channel = Channel.MAIL) -> list[Reminder]:
    return [
        Reminder(
            id_sessione=id_sessione,
            channel=channel,
            pharmacy_id=id_sessione.pharmacy_id,
            minutes_before=moment.minutes_before,
            due_at=moment.at,
        )
        for moment in coming
    ]


def _in_words(chosen: ReminderSettings) -> str:
    """`120, 30 minuti prima della scadenza e a ID scaduto`."""
    words = (
        [f"{', '.join(map(str, chosen.minutes_before))} minuti prima della scadenza"] if chosen.minutes_before else []
    )
    if chosen.tell_when_expired:
        words.append("a ID scaduto")
    sentence = " e ".join(words) or "nessuno"
    if chosen.at_opening:
        sentence += ", sempre alla riapertura"
    return sentence
