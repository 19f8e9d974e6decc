"""The public holidays of Italy, and the patron's day of the comuni that the library `holidays` knows.

It knows the chief town of each province and seven towns more. A patron's day is a holiday in its own comune only, so the other
comuni of a province have the national holidays. The whole province of Bolzano keeps Whit Monday.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from pharmacies.folding import folded

LANGUAGE = "it_IT"  # the library answers in English when it does not know the name of a language; "it" is unknown
PROVINCE_WIDE = frozenset({"BZ"})
TOWNS_APART = frozenset({"BT", "FC", "PU"})  # several chief towns, each with its patron
# Folded names of a chief town, where it is not the name of the province; further spellings of the register.
CHIEF_TOWNS = {
    "MB": {"monza"}, "MS": {"massa"}, "RC": {"reggio di calabria"}, "RE": {"reggio nellemilia", "reggio nell emilia"},
    "SU": {"carbonia"}, "VB": {"verbania"},
}  # fmt: skip
NO_HOLIDAY = (
    "Giorno dell'unità nazionale"  # the first Sunday of November: nothing closes for it (law 54 of 5 March 1977)
)


def holidays_of(province: str, comune: str, since: date, until: date) -> dict[date, str]:
    """The holidays from `since` to `until`, both included, with their Italian names, in their order.

    `province`: two letters; an unknown one has the national holidays.
    """
    subdivision = _subdivision(province.strip().upper(), folded(comune))
    years = range(since.year, until.year + 1)
    return {day: name for year in years for day, name in _of_year(subdivision, year).items() if since <= day <= until}


@lru_cache(maxsize=1024)
def _subdivision(province: str, comune: str) -> str | None:
    """The library's name of the place whose patron this comune keeps; None when the library knows none."""
    towns, names = _known()
    if province in TOWNS_APART:
        return towns.get(comune)
    if province in PROVINCE_WIDE or comune in {names.get(province, "-"), *CHIEF_TOWNS.get(province, ())}:
        return province
    return None


@lru_cache(maxsize=1)
def _known() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The towns of the library by folded name, and the folded names of the provinces by code."""
    from holidays.countries.italy import Italy  # 20 MB of memory: only a process that needs it loads it

    towns = {folded(name): name for name in Italy.subdivisions if len(name) > 2}
    names = {code: folded(name) for name, code in Italy.subdivisions_aliases.items() if len(code) == 2}
    return MappingProxyType(towns), MappingProxyType(names)


@lru_cache(maxsize=512)
def _of_year(subdivision: str | None, year: int) -> Mapping[date, str]:
    from holidays.countries.italy import Italy

    found = Italy(subdiv=subdivision, years=year, language=LANGUAGE, expand=False)  # type: ignore[no-untyped-call]
    named = {day: [name for name in names.split("; ") if name != NO_HOLIDAY] for day, names in found.items()}
    # a patron may share the day of a national holiday: the day has the national name
    return MappingProxyType({day: names[0].replace("'", "’") for day, names in sorted(named.items()) if names})
