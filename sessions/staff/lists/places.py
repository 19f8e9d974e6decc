"""Regions, provinces and ASL for the filters of the staff: only places with a pharmacy."""

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Value

from pharmacies.models import Pharmacy, Utenza
from pharmacies.models.pharmacy import within
from portal.identity.models import User
from sessions.staff.lists.brief_cache import kept

LASTS = 60  # times the cache time of the counters: the register changes once a day


@dataclass(frozen=True)
class Places:
    """`towns`: (region code, region, province); `offices`: (region code, ASL code), from the utenze."""

    towns: tuple[tuple[str, str, str], ...]
    offices: tuple[tuple[str, str], ...]

    def regions(self) -> list[tuple[str, str]]:
        names = {code: name.title() or code for code, name, _ in self.towns if code}
        return sorted(names.items(), key=lambda pair: pair[1])

    def provinces(self, region: str) -> list[tuple[str, str]]:
        """Provinces of this region; of all when it is empty or unknown."""
        inside = [town for town in self.towns if town[0] == region] or self.towns
        return [(code, code) for code in sorted({province for _, _, province in inside if province})]

    def asl(self, region: str) -> list[tuple[str, str]]:
        """As `provinces`; the value holds the region too, because ASL codes repeat across regions."""
        names = dict(self.regions())
        inside = [office for office in self.offices if office[0] == region] or self.offices
        labels = {f"{code}-{asl}": f"{asl} · {names.get(code, code)}" for code, asl in inside if asl}
        return sorted(labels.items(), key=lambda pair: pair[1].partition(" · ")[::-1])


def places_for(user: User) -> Places:
    """The places in the territory of this operator; cached."""
    return kept("places", user.territory.cache_key, lambda: _read(user), LASTS)


def _read(user: User) -> Places:
    """Reads both in one query; a null third column marks an office."""
    towns = Pharmacy.objects.visible_to(user).order_by().values_list("region_code", "region", "province")
    utenze = Utenza.objects.filter(within(user.territory, "pharmacy__"), pharmacy__isnull=False, disabled_at=None)
    offices = (
        utenze.order_by().annotate(none=Value(None, CharField())).values_list("codice_regione", "codice_asl", "none")
    )
    found: list[Any] = list(towns.union(offices))  # two models, three text columns each
    return Places(
        tuple(row for row in found if row[2] is not None), tuple((row[0], row[1]) for row in found if row[2] is None)
    )
