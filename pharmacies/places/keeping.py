"""Keeps the place of a stored pharmacy that a later row of the register no longer says: an absence is not a change."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from pharmacies.models import PlaceCorrection
from pharmacies.places.resolving import REGION_NOT_SAID, is_region_said
from pharmacies.places.spelling import key_of

PROVINCE_NOT_SAID = frozenset({"province_from_comune", "province_unresolved"})


class PlacedRow(Protocol):
    """The fields of a row and of a pharmacy that are its place."""

    @property
    def comune(self) -> str: ...
    @property
    def province(self) -> str: ...
    @property
    def region_code(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def doubts(self) -> Sequence[str]: ...


Row = TypeVar("Row")


def says_all(row: PlacedRow) -> bool:
    """True when the register says region and province of the row, so that nothing has to be kept."""
    return is_region_said(row.doubts) and bool(row.province) and not PROVINCE_NOT_SAID.intersection(row.doubts)


def keep_place(row: Row, before: PlacedRow | None, correction: PlaceCorrection | None, names: dict[str, str]) -> Row:
    """Returns the row with the region and the province that hold: the register's, the register's of before, an operator's.

    `row` is a RegisterRow; `before`: the stored pharmacy, None for a new one. `names`: of the regions, by code.
    """
    said: PlacedRow = row  # type: ignore[assignment]
    doubts, changes = set(said.doubts), {}
    if not is_region_said(said.doubts):
        if before is not None and _said_before(before) and key_of(before.comune) == key_of(said.comune):
            doubts = doubts - REGION_NOT_SAID - {"province_from_comune"} | {"region_kept"}
            changes = {"region_code": before.region_code, "region": before.region, "province": before.province}
        elif correction is not None and correction.region_code:
            doubts = doubts - {"region_from_comune", "province_from_comune"} | {"region_unresolved"}
            doubts |= {"province_unresolved"} if correction.province else set()
            same = said.region_code == correction.region_code
            changes = {
                "region_code": correction.region_code,
                "region": names.get(correction.region_code, ""),
                "province": correction.province or (said.province if same else ""),
            }
    if not changes and correction is not None and correction.province and not says_all(said):
        doubts = doubts - {"province_from_comune"} | {"province_unresolved"}
        changes = {"province": correction.province}
    if not changes:
        return row
    return replace(row, **changes, doubts=tuple(sorted(doubts)))  # type: ignore[type-var]


def _said_before(before: PlacedRow) -> bool:
    """True when the stored region came from the register, in whatever file."""
    return bool(before.region_code) and not REGION_NOT_SAID.intersection(before.doubts)
