"""The ASL of one pharmacy, and where it comes from. `in_asl` of models/pharmacy.py is the same rule as a condition."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext as _

from pharmacies.models import AslOfComune, Pharmacy, PlaceCorrection, Utenza


class AslSource(Enum):
    """Where the ASL of a pharmacy comes from; the first that knows it decides."""

    TABLE = "table"  # the administration's table names one ASL for the comune
    UTENZA = "utenza"  # its utenze that are not disabled
    CORRECTION = "correction"  # an operator wrote it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PharmacyAsl:
    """The ASL of a pharmacy as (region code, ASL code): one, several when its utenze disagree, none when unknown.

    `divided`: the codes of the ASL among which the table divides the comune; empty when it does not.
    """

    codes: tuple[tuple[str, str], ...]
    source: AslSource
    divided: tuple[str, ...] = ()
    name: str = ""

    @property
    def words(self) -> str:
        """The sentence of the staff's page: which ASL, and from where."""
        which = ", ".join(asl for _region, asl in self.codes)
        which = f"{which} {self.name}".strip()
        if self.source is AslSource.TABLE:
            return _("%(asl)s, dalla tabella dei comuni") % {"asl": which}
        where = (
            _(" (comune diviso tra le ASL %(several)s)") % {"several": ", ".join(self.divided)} if self.divided else ""
        )
        if self.source is AslSource.UTENZA:
            return _("%(asl)s, dalle utenze") % {"asl": which} + where
        if self.source is AslSource.CORRECTION:
            return _("%(asl)s, scritta da un operatore") % {"asl": which} + where
        return _("non indicata") + where


def asl_of(pharmacy: Pharmacy, utenze: Iterable[Utenza] | None = None) -> PharmacyAsl:
    """Returns the ASL of the pharmacy by the one rule (see in_asl). `utenze`: all of the pharmacy, when the caller has them."""
    rows = _rows_of(pharmacy)
    if len(rows) == 1:
        return PharmacyAsl(((rows[0].region_code, rows[0].asl_code),), AslSource.TABLE, name=rows[0].asl_name)
    divided = tuple(row.asl_code for row in rows)
    if utenze is None:
        utenze = Utenza.objects.filter(pharmacy=pharmacy).only("codice_regione", "codice_asl", "disabled_at")
    used = [one for one in utenze if one.disabled_at is None and one.codice_asl]
    if used:
        return PharmacyAsl(
            tuple(sorted({(one.codice_regione, one.codice_asl) for one in used})), AslSource.UTENZA, divided
        )
    correction = correction_of(pharmacy)
    if correction is not None and correction.asl_code and pharmacy.region_code:
        return PharmacyAsl(((pharmacy.region_code, correction.asl_code),), AslSource.CORRECTION, divided)
    return PharmacyAsl((), AslSource.UNKNOWN, divided)


def _rows_of(pharmacy: Pharmacy) -> list[AslOfComune]:
    if not getattr(pharmacy, "in_table", bool(pharmacy.catasto)):  # read by with_place()
        return []
    return list(AslOfComune.objects.filter(catasto=pharmacy.catasto).order_by("region_code", "asl_code"))


def correction_of(pharmacy: Pharmacy) -> PlaceCorrection | None:
    """Returns the correction of the pharmacy's place; None without one."""
    return getattr(pharmacy, "place_correction", None)
