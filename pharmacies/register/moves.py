"""Guesses where a closed parafarmacia went, and where a new one came from.

A parafarmacia that moves gets a new code, and the register does not connect the two. The guess is shown to people and transfers
nothing: offices, certified address and utenze stay with the old code until a person gives them to the new one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from pharmacies.models import NationalRegister, Office, Pharmacy
from pharmacies.models.pharmacy import PharmacyQuerySet
from portal.time.clock import ROME

APART = timedelta(days=365)  # at most, between the first day of the new code and the first closed day of the old one
SHOWN = 3  # a chain has one partita IVA for all its sites: of more than these, only those of the same province


def moved_to(site: Pharmacy, among: PharmacyQuerySet | None = None) -> list[Pharmacy]:
    """Returns the newer parafarmacie with the partita IVA of this closed one, the likeliest first, at most SHOWN.

    Empty for a pharmacy, for an open site, and without a partita IVA. `among`: the sites that may be shown.
    """
    day = site.closed_on or site.closing_waits
    if day is None or not site.is_parafarmacia:
        return []
    found = _namesakes(site, among).filter(valid_from__range=(day - APART, day + APART))
    found = found.filter(Q(closed_on=None) | Q(closed_on__gt=day))
    if site.valid_from is not None:
        found = found.filter(valid_from__gt=site.valid_from)
    return _likeliest(found, site, lambda other: abs((other.valid_from or day) - day))


def moved_from(site: Pharmacy, among: PharmacyQuerySet | None = None) -> list[Pharmacy]:
    """Returns the closed parafarmacie that may have become this newer one; as moved_to()."""
    day = site.valid_from
    if day is None or not site.is_parafarmacia:
        return []
    found = _namesakes(site, among).filter(closed_on__range=(day - APART, day + APART))
    found = found.filter(Q(valid_from=None) | Q(valid_from__lt=day))
    if site.closed_on is not None:
        found = found.filter(closed_on__lt=site.closed_on)
    return _likeliest(found, site, lambda other: abs((other.closed_on or day) - day))


@dataclass(frozen=True)
class Move:
    """A closed parafarmacia of a person, and the newer ones that may be its new site."""

    old: Pharmacy
    new: list[Pharmacy]


def moves_of(fiscal_code: str, now: datetime) -> list[Move]:
    """Returns the closed parafarmacie where this person still holds an office, with the newer ones where the person has none."""
    day = now.astimezone(ROME).date()
    offices = Office.objects.filter(codice_fiscale=fiscal_code).certifying().within_dates(now)
    held = Pharmacy.objects.filter(pk__in=offices.values("pharmacy"))
    closed = held.of_register(NationalRegister.PARAFARMACIE).filter(closed_on__lte=day)
    others = Pharmacy.objects.open_on(day).exclude(pk__in=held.values("pk"))
    moves = (Move(old, moved_to(old, others)) for old in closed.order_by("-closed_on", "pk"))
    return [move for move in moves if move.new]


def _namesakes(site: Pharmacy, among: PharmacyQuerySet | None) -> PharmacyQuerySet:
    """The other parafarmacie with this partita IVA. None when it is missing or all zeros: then it connects strangers."""
    sites = (Pharmacy.objects.all() if among is None else among).of_register(NationalRegister.PARAFARMACIE)
    if not site.partita_iva.strip("0"):
        return sites.none()
    return sites.filter(partita_iva=site.partita_iva).exclude(pk=site.pk).order_by("pk")


def _likeliest(found: Iterable[Pharmacy], site: Pharmacy, apart: Callable[[Pharmacy], timedelta]) -> list[Pharmacy]:
    """Sorts by place (same comune, same province, elsewhere), then by the days between the two codes."""
    sites = list(found)
    if len(sites) > SHOWN:
        sites = [other for other in sites if other.province == site.province]

    def key(other: Pharmacy) -> tuple[bool, bool, timedelta, int]:
        return other.comune != site.comune, other.province != site.province, apart(other), other.pk

    return sorted(sites, key=key)[:SHOWN]
