"""The open sites whose address nobody ever certified: the list of those to invite, and how their number fell day by day."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.db.models import Count, Min, Q

from pharmacies.models import Office, Pharmacy
from pharmacies.models.pharmacy import PharmacyQuerySet
from portal.identity.models import User
from portal.time.clock import ROME
from sessions.staff.lists.brief_cache import kept
from sessions.staff.lists.selection import ALL, Certification, PharmacySelection

DAYS = 28  # four weeks before a deadline
KEPT = (
    30  # times the cache time of the counters: a day's number changes with each certification, the earlier ones never
)


@dataclass(frozen=True)
class DayOfInviting:
    """How many were still never certified at the end of this (Italian) day; today: now. `fewer`: than the day before."""

    day: date
    left: int
    fewer: int
    percent: int  # of the largest number, for a bar

    @property
    def more(self) -> int:
        return -self.fewer


def to_invite(selection: PharmacySelection) -> PharmacySelection:
    """The same places and filters, narrowed to the sites never certified, whatever the state of their ids."""
    return replace(selection, state=ALL, delivery="", certification=Certification.NEVER)


def in_order(selection: PharmacySelection, now: datetime) -> PharmacyQuerySet:
    """The sites to invite, by region, province, comune and name: as an office sorts its envelopes."""
    return to_invite(selection).pharmacies(now).order_by("region", "province", "comune", "name", "pk")


def titolari_of(pharmacies: Iterable[Pharmacy], now: datetime) -> dict[int, str]:
    """Names of the titolari in office, by primary key of the pharmacy; nobody is named for an office without a name. Two queries."""
    held = Office.objects.within_dates(now).filter(
        pharmacy__in=[one.pk for one in pharmacies], role=Office.Role.TITOLARE
    )
    offices = list(held.order_by("since", "pk"))
    unnamed = {office.codice_fiscale for office in offices if not office.name}
    accounts = {person.codice_fiscale: person.full_name for person in User.objects.filter(codice_fiscale__in=unnamed)}
    names: dict[int, list[str]] = {}
    for office in offices:
        name = office.name or accounts.get(office.codice_fiscale, "")
        if name and name not in names.setdefault(office.pharmacy_id, []):
            names[office.pharmacy_id].append(name)
    return {key: ", ".join(found) for key, found in names.items()}


def by_day(selection: PharmacySelection, now: datetime, days: int = DAYS) -> list[DayOfInviting]:
    """The last `days` days, oldest first, today included; counted in one query and kept for some minutes.

    A site counts on a day when the register kept it open that day and no address of it was certified before the day's end.
    The filters are those of today: a site counts in the ASL that it has now.
    """
    wanted = to_invite(selection)
    of = (
        wanted.territory.cache_key,
        wanted.region,
        wanted.province,
        wanted.asl,
        wanted.supplier,
        wanted.register,
        days,
    )
    numbers = kept("to-invite", of, lambda: _numbers(wanted, now, days), KEPT)
    return _as_days(numbers, now)


def _numbers(selection: PharmacySelection, now: datetime, days: int) -> list[int]:
    """The number at the end of each day, oldest first, with one more day in front to compare the first with."""
    places = replace(selection, certification="", words="")
    today = now.astimezone(ROME).date()
    found = places.in_place(Pharmacy.objects.open_on(today - timedelta(days=days)))
    rows = places.narrowed(found).order_by().values("pk", "closed_on")
    rows = rows.annotate(first=Min("certifications__certified_at"))
    counts = {}
    for back in range(days, -1, -1):
        day = today - timedelta(days=back)
        end = datetime.combine(day + timedelta(days=1), time.min, ROME) if back else now
        still_open = Q(closed_on=None) | Q(closed_on__gt=day)
        counts[f"day_{back}"] = Count("pk", filter=still_open & (Q(first=None) | Q(first__gt=end)))
    return list(rows.aggregate(**counts).values())


def _as_days(numbers: list[int], now: datetime) -> list[DayOfInviting]:
    today, most = now.astimezone(ROME).date(), max([*numbers, 1])
    first = today - timedelta(days=len(numbers) - 2)
    return [
        DayOfInviting(first + timedelta(days=place), left, before - left, round(100 * left / most))
        for place, (before, left) in enumerate(pairwise(numbers))
    ]
