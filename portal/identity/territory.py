"""The territory of a member of the staff: regions, ASL, the whole nation, or nothing yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Territory:
    """Regions by code ("042") and ASL by region and code (("010", "301")); `Territory()` is the whole nation."""

    regions: frozenset[str] = frozenset()
    asl: frozenset[tuple[str, str]] = frozenset()
    is_nowhere: bool = False  # of an operator for whom nobody chose a territory yet: contains no pharmacy

    @classmethod
    def of(cls, codes: Iterable[str]) -> "Territory":
        """From "042" (a region) and "010-301" (an ASL); no code: the whole nation. `chosen` reads an operator's row."""
        split = [code.partition("-") for code in codes]
        return cls(
            frozenset(region for region, dash, _ in split if not dash),
            frozenset((region, asl) for region, dash, asl in split if dash),
        )

    @classmethod
    def chosen(cls, codes: Iterable[str], *, whole_nation: bool) -> "Territory":
        """The territory that an administrator chose: the codes when there are any, else the whole nation only if it was said."""
        limited = list(codes)
        return cls.of(limited) if limited or whole_nation else NOWHERE

    @property
    def is_whole_nation(self) -> bool:
        return not (self.regions or self.asl or self.is_nowhere)

    @property
    def codes(self) -> list[str]:
        """`["010-301", "042"]`; empty for the whole nation and for no territory."""
        return sorted([*self.regions, *(f"{region}-{asl}" for region, asl in self.asl)])

    @property
    def cache_key(self) -> tuple[bool, list[str]]:
        """Equal for equal territories, and for no others."""
        return self.is_nowhere, self.codes

    @property
    def in_words(self) -> str:
        """`010-301, 042`, «tutta l’Italia» or «nessun territorio»."""
        if self.is_nowhere:
            return _("nessun territorio")
        return ", ".join(self.codes) or _("tutta l’Italia")

    def contains(self, other: "Territory") -> bool:
        """True when every place of `other` lies inside this territory. Only the whole nation contains `NOWHERE`."""
        if self.is_whole_nation:
            return True
        if self.is_nowhere or other.is_nowhere or other.is_whole_nation:
            return False
        own_asl = all(region in self.regions or (region, asl) in self.asl for region, asl in other.asl)
        return other.regions <= self.regions and own_asl


NOWHERE = Territory(is_nowhere=True)
