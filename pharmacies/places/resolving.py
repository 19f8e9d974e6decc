"""Completes the place of a row of the register: comune of today, region, province."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pharmacies.places.comuni import WrittenPlace, comuni, find

# doubts of a row whose region the register does not say (the keys of register.rows.DOUBTS)
REGION_NOT_SAID = frozenset({"region_unresolved", "region_unknown", "region_from_comune"})


@dataclass(frozen=True, slots=True)
class Resolved:
    """The place with what was missing. `added`: the fields that come from the comune."""

    catasto: str
    province: str
    region_code: str
    added: tuple[str, ...]


def resolve(place: WrittenPlace) -> Resolved:
    """Returns the place with the region and the province of its comune where it has none; both stay empty when unsure.

    An ISTAT code and a name of two regions leave the region empty.
    """
    found = find(place)
    coded_province, coded_region = comuni().province_of_code(place.istat)
    catasto = found.comune.today if found else ""
    region, province, added = place.region_code, place.province, []
    if not region:
        named = found or find(replace(place, istat=""))
        regions = {coded_region, named.comune.region_code if named else ""} - {""}
        if len(regions) == 1:
            region = regions.pop()
            added.append("region")
        else:
            catasto = ""
    if not province and region:
        if found and found.comune.region_code == region:
            province = found.comune.province
        elif coded_region == region:
            province = coded_province
        if province:
            added.append("province")
    return Resolved(catasto, province, region, tuple(added))


def is_region_said(doubts: Iterable[str]) -> bool:
    """True when the register says the region of a pharmacy with these doubts, or has said it in an earlier file."""
    return not REGION_NOT_SAID.intersection(doubts)
