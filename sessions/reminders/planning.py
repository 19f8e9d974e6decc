"""What will be said about the live ids, and when: planned with each id, planned again with every choice of the pharmacy.

The choice and the new plan are one transaction: whoever reads the page after saving sees what will really happen.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from pharmacies.models import Pharmacy, Utenza
from portal.database.claims import hold
from portal.database.composed import insert_missing
from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.masking import mask_address
from sessions.hours.moments import Moment, moments
from sessions.hours.week import Week
from sessions.models import IdSessione, NightDuty, Reminder, ReminderSettings, Webhook
from sessions.reminders import copies
from sessions.webhooks import events

Channel = Reminder.Channel


@dataclass(frozen=True)
class Wishes:
    """What a pharmacy wants to be told, and where."""

    minutes: Sequence[int]  # before the end
    tell_when_expired: bool
    at_opening: bool = False  # about an id that dies while it is closed; else before the closing
    copy_to: str = ""  # an address that passed addresses.examine


def moments_of(expires_at: datetime, chosen: ReminderSettings, now: datetime) -> list[Moment]:
    """What will be said from `now` on about an id that ends then (UTC)."""
    return moments(expires_at, chosen.lead_times, now, chosen.openings(now), at_opening=chosen.at_opening)


def waiting(id_sessione: IdSessione) -> list[Moment]:
    """What will still be said by mail about this id, as it is written down."""
    unsaid = Reminder.objects.by_mail().filter(id_sessione=id_sessione, settled_at=None).order_by("due_at")
    return [Moment(each.minutes_before, each.due_at) for each in unsaid]


def plan(id_sessione: IdSessione, coming: Iterable[Moment], now: datetime) -> None:
    """Writes it down, and when the gestionale is told, if it is. Planning twice adds nothing."""
    rows = _rows(id_sessione, coming)
    if events.are_told_to(id_sessione.pharmacy_id):
        rows += _rows(id_sessione, events.coming(id_sessione.expires_at, now), Channel.GESTIONALE)
    insert_missing(rows)


def plan_again(pharmacy: Pharmacy, now: datetime) -> None:
    """What will be said about the live ids, after something changed. In the transaction of the change."""
    _plan_again(pharmacy, _take(pharmacy), now)


@transaction.atomic
def choose(pharmacy: Pharmacy, wishes: Wishes, by: User, now: datetime) -> ReminderSettings:
    """From now on, the live ids included."""
    chosen = _take(pharmacy)
    chosen.minutes_before = sorted(set(wishes.minutes), reverse=True)
    chosen.tell_when_expired, chosen.at_opening = wishes.tell_when_expired, wishes.at_opening
    if wishes.copy_to not in ("", copies.address_of(chosen, now)):
        copies.named(pharmacy, wishes.copy_to, by, now)
        chosen.copy_named_by, chosen.copy_named_at = by, now
    chosen.copy_to = wishes.copy_to
    chosen.save()
    _plan_again(pharmacy, chosen, now)
    record("reminders.chosen", now=now, actor=by, about=pharmacy.code, minutes=_in_words(chosen))
    return chosen


@transaction.atomic
def set_hours(pharmacy: Pharmacy, week: Week | None, by: User, now: datetime) -> ReminderSettings:
    """When it is open; None: it no longer says, and the plain rule holds."""
    chosen = _take(pharmacy)
    chosen.hours = week.dump() if week is not None else None
    chosen.save()
    _plan_again(pharmacy, chosen, now)
    said = "; ".join(f"{days} {hours}" for days, hours in week.lines()) if week is not None else "nessuno"
    record("hours.set", now=now, actor=by, about=pharmacy.code, hours=said)
    return chosen


@transaction.atomic
def set_nights(pharmacy: Pharmacy, evenings: Iterable[date], by: User, now: datetime) -> ReminderSettings:
    """The nights on duty that are not over are these; those that are over stay on record."""
    chosen, wanted = _take(pharmacy), set(evenings)
    coming = NightDuty.objects.coming(pharmacy.pk, now)
    coming.exclude(evening__in=wanted).delete()
    known = set(coming.values_list("evening", flat=True))
    NightDuty.objects.bulk_create(NightDuty(pharmacy=pharmacy, evening=day) for day in sorted(wanted - known))
    _plan_again(pharmacy, chosen, now)
    said = ", ".join(f"{day:%d/%m/%Y}" for day in sorted(wanted)) or "nessuno"
    record("nights.set", now=now, actor=by, about=pharmacy.code, nights=said)
    return chosen


def _take(pharmacy: Pharmacy) -> ReminderSettings:
    """Its settings, ours until the end of the transaction."""
    # the same lock as issuing: an id issued meanwhile is either planned with the new choice or seen here
    list(Utenza.objects.select_for_update(no_key=True).filter(pharmacy=pharmacy).order_by("pk"))
    ReminderSettings.objects.get_or_create(pharmacy=pharmacy)
    return ReminderSettings.objects.select_for_update(of=("self",), no_key=True).get(pharmacy=pharmacy)


def _plan_again(pharmacy: Pharmacy, chosen: ReminderSettings, now: datetime) -> None:
    """What was said stays said; what was not is planned anew. What is due and still wanted stays due, unless its moment moves
    on: no worker has taken it yet, and no later moment would say it.
    """
    ids = list(IdSessione.objects.filter(pharmacy=pharmacy).live(now))
    theirs = Reminder.objects.filter(id_sessione__in=ids)
    unsaid = hold(theirs.filter(settled_at=None))
    told = set(theirs.filter(letter__isnull=False).values_list("id_sessione", flat=True))
    due = _due(theirs.filter(pk__in=unsaid, due_at__lte=now))
    openings, has_webhook = chosen.openings(now), Webhook.objects.open().filter(pharmacy=pharmacy).exists()
    rows, kept = [], []
    for row in ids:
        late = [each for each in due[row.pk, Channel.MAIL] if each.minutes_before in chosen.lead_times]
        coming = moments(
            row.expires_at, chosen.lead_times, now, openings, at_opening=chosen.at_opening,
            told=row.pk in told or bool(late),
        )  # fmt: skip
        rows += _rows(row, coming)
        kept += [each.pk for each in late if each.minutes_before not in {moment.minutes_before for moment in coming}]
        if has_webhook:
            late = due[row.pk, Channel.GESTIONALE]
            rows += _rows(row, events.coming(row.expires_at, now, told=bool(late)), Channel.GESTIONALE)
            kept += [each.pk for each in late]
    theirs.filter(pk__in=set(unsaid) - set(kept)).delete()
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)


def _due(reminders: Iterable[Reminder]) -> dict[tuple[int, str], list[Reminder]]:
    """By id and channel: what a worker has not taken yet."""
    found: dict[tuple[int, str], list[Reminder]] = defaultdict(list)
    for each in reminders:
        found[each.id_sessione_id, each.channel].append(each)
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
    said = " e ".join(words) or "nessuno"
    if chosen.at_opening:
        said += ", alla riapertura se scade a farmacia chiusa"
    return f"{said}, in copia a {mask_address(chosen.copy_to)}" if chosen.copy_to else said
