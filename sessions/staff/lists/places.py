"""Regions, provinces and ASL for the filters of the staff: only places with a pharmacy."""

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Value

from pharmacies.models import AslOfComune, Pharmacy, Utenza
from pharmacies.models.pharmacy import PharmacyQuerySet
from portal.identity.models import User
from sessions.staff.lists.brief_cache import kept

LASTS = 60  # times the cache time of the counters: the register changes once a day


@dataclass(frozen=True)
class Places:
    """`towns`: (region code, region, province); `offices`: (region code, ASL code, ASL name or "")."""

    towns: tuple[tuple[str, str, str], ...]
    offices: tuple[tuple[str, str, str], ...]

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
        named = {(code, asl): name for code, asl, name in sorted(inside) if asl}  # a name comes after ""
        labels = {
            f"{code}-{asl}": f"{' '.join([asl, name]).strip()} · {names.get(code, code)}"
            for (code, asl), name in named.items()
        }
        return sorted(labels.items(), key=lambda pair: pair[1].partition(" · ")[::-1])


def places_for(user: User) -> Places:
    """The places in the territory of this operator; cached."""
    return kept("places", user.territory.cache_key, lambda: _read(user), LASTS)


def _read(user: User) -> Places:
    """Reads towns and ASL in one query; a fourth column tells them apart."""
    here = Pharmacy.objects.visible_to(user).order_by()
    town, office = (Value(kind, CharField()) for kind in ("town", "office"))
    towns = here.annotate(kind=town).values_list("region_code", "region", "province", "kind")
    found: list[Any] = list(
        towns.union(*(part.annotate(kind=office).values_list(*names, "kind") for part, names in _asl(here)))
    )
    return Places(
        tuple(row[:3] for row in found if row[3] == "town"), tuple(row[:3] for row in found if row[3] == "office")
    )


def _asl(here: PharmacyQuerySet) -> list[tuple[Any, tuple[str, str, str]]]:
    """The ASL of these pharmacies by the rule of `in_asl`: of the table, else of the utenze, else of the corrections."""
    undecided = here.not_in_the_table()
    by_table = AslOfComune.objects.deciding().filter(catasto__in=here.values("catasto")).order_by()
    utenze = Utenza.objects.filter(pharmacy__in=undecided.values("pk"), disabled_at=None).order_by()
    corrected = undecided.without_utenza_of_an_asl().filter(place_correction__isnull=False)
    unnamed = Value("", CharField())
    return [
        (by_table, ("region_code", "asl_code", "asl_name")),
        (utenze.annotate(unnamed=unnamed), ("codice_regione", "codice_asl", "unnamed")),
        (corrected.annotate(unnamed=unnamed), ("region_code", "place_correction__asl_code", "unnamed")),
    ]
