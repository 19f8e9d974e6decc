"""Where region and province of a pharmacy come from, in the words of the staff's page."""

from django.utils.translation import gettext as _

from pharmacies.models import Pharmacy, PlaceCorrection
from pharmacies.places.keeping import PROVINCE_NOT_SAID
from pharmacies.places.resolving import is_region_said


def region_origin(pharmacy: Pharmacy, correction: PlaceCorrection | None) -> str:
    """Returns «dal registro nazionale», «dal comune», … or "" when the region is not known."""
    if not pharmacy.region_code:
        return ""
    if "region_kept" in pharmacy.doubts:
        return _("dal registro nazionale di prima: ora non la dice")
    if is_region_said(pharmacy.doubts):
        return _("dal registro nazionale")
    if correction is not None and correction.region_code:
        return _("scritta da un operatore")
    return _("dal comune: il registro non la dice")


def province_origin(pharmacy: Pharmacy, correction: PlaceCorrection | None) -> str:
    """As region_origin, of the province."""
    if not pharmacy.province:
        return ""
    if correction is not None and correction.province and "province_unresolved" in pharmacy.doubts:
        return _("scritta da un operatore")
    if PROVINCE_NOT_SAID.intersection(pharmacy.doubts):
        return _("dal comune: il registro non la dice")
    return region_origin(pharmacy, correction) if "region_kept" in pharmacy.doubts else _("dal registro nazionale")
