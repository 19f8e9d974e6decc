"""The territory of a member of the staff: regions, ASL, or the whole nation."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Territory:
    """Regions by code ("042") and ASL by region and code (("010", "301")); both empty: the whole nation."""

    regions: frozenset[str] = frozenset()
    asl: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, codes: Iterable[str]) -> "Territory":
        """From "042" (a region) and "010-301" (an ASL)."""
        split = [code.partition("-") for code in codes]
        return cls(
            frozenset(region for region, dash, _ in split if not dash),
            frozenset((region, asl) for region, dash, asl in split if dash),
        )

    @property
    def is_whole_nation(self) -> bool:
        return not (self.regions or self.asl)

    def contains(self, other: "Territory") -> bool:
        """True when every place of `other` lies inside this territory."""
        if self.is_whole_nation:
            return True
        own_asl = all(region in self.regions or (region, asl) in self.asl for region, asl in other.asl)
        return not other.is_whole_nation and other.regions <= self.regions and own_asl
