"""The regions and ASL that may be a territory. The app above registers what it knows: this layer knows no register."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class KnownPlaces:
    """`regions`: name by code ("042"); `asl`: codes of ASL by region, of the regions whose ASL are known."""

    regions: Mapping[str, str] = field(default_factory=dict)
    asl: Mapping[str, frozenset[str]] = field(default_factory=dict)


_readers: list[Callable[[], KnownPlaces]] = []


def register(reader: Callable[[], KnownPlaces]) -> None:
    """Sets the function that reads the known places; called at the start."""
    _readers[:] = [reader]


def what_is_wrong(codes: Iterable[str]) -> str:
    """The sentence about the first code that is no place, with the codes that exist; "" when every code is one.

    An ASL of a region of which no ASL is known yet is accepted: a new installation has neither utenze nor the table of comuni.
    """
    known = _readers[0]() if _readers else KnownPlaces()
    for code in codes:
        region, dash, asl = code.partition("-")
        if not all(
            part.isascii() and part.isdigit() and len(part) == 3 for part in ([region, asl] if dash else [region])
        ):
            return _("«%(code)s» non è un codice: scrivi 042 per una regione, 010-301 per una ASL.") % {
                "code": code[:20]
            }
        if region not in known.regions:
            regions = ", ".join(f"{one} {name.title()}" for one, name in sorted(known.regions.items()))
            return _("La regione «%(code)s» non esiste. Le regioni sono: %(known)s.") % {
                "code": region,
                "known": regions,
            }
        offices = known.asl.get(region, frozenset())
        if dash and offices and asl not in offices:
            return _("La ASL «%(code)s» non esiste. Le ASL di questa regione sono: %(known)s.") % {
                "code": code,
                "known": ", ".join(f"{region}-{one}" for one in sorted(offices)),
            }
    return ""
