"""An operator's correction of a pharmacy's place, where neither the register nor the tables say it; and its end.

The corrected region is written on the pharmacy, because every list and every territory selects by it. The next imports keep it
(keeping.py) until the register itself says a region.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pharmacies.models import Pharmacy, PlaceCorrection
from pharmacies.places.comuni import WrittenPlace
from pharmacies.places.keeping import says_all
from pharmacies.places.regions import regions
from pharmacies.places.resolving import is_region_said, resolve
from portal.identity.models import User
from portal.journal.models import record

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

COMPUTED = {
    "region_from_comune",
    "region_unresolved",
    "province_from_comune",
    "province_unresolved",
}  # doubts of the place


class PlaceRefused(Exception):
    """The act changed nothing; the operator reads `sentence`."""

    sentence: "StrOrPromise" = gettext_lazy("Il luogo non può essere corretto così.")


class RegisterSays(PlaceRefused):
    sentence = gettext_lazy("Nel frattempo il registro nazionale ha detto la regione: apri di nuovo la pagina.")


@transaction.atomic
def correct_place(
    pharmacy: Pharmacy,
    *,
    region_code: str = "",
    province: str = "",
    asl_code: str = "",
    by: User,
    because: str,
    now: datetime,
) -> bool:
    """Writes the correction and the journal; all three empty end it. Returns False when nothing changes. Raises RegisterSays.

    `region_code`: only where the register says none; `province`: where it says none; `asl_code`: counts while neither the
    table of the comuni nor an utenza names one.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    pharmacy.refresh_from_db()
    before = PlaceCorrection.objects.filter(pharmacy=pharmacy).first()
    old = (before.region_code, before.province, before.asl_code) if before else ("", "", "")
    if (region_code, province, asl_code) == old:
        return False
    if (region_code and is_region_said(pharmacy.doubts)) or (province and says_all(pharmacy)):
        raise RegisterSays
    if not (region_code or province or asl_code):
        assert before is not None  # noqa: S101  something was corrected
        before.delete()
        record("place.restored", now=now, actor=by, about=pharmacy.code, because=because)
    else:
        values = {"region_code": region_code, "province": province, "asl_code": asl_code}
        PlaceCorrection.objects.update_or_create(
            pharmacy=pharmacy, defaults={**values, "by": by, "at": now, "because": because[:200]}
        )
        where = _in_words(region_code, province, asl_code)
        record("place.corrected", now=now, actor=by, about=pharmacy.code, where=where, because=because)
    _write(pharmacy, region_code, province)
    return True


def _write(pharmacy: Pharmacy, region_code: str, province: str) -> None:
    """Writes region and province: the corrected ones, else those of the comune, where the register does not say them."""
    if says_all(pharmacy):
        return
    said = pharmacy.region_code if is_region_said(pharmacy.doubts) else ""
    found = resolve(WrittenPlace(pharmacy.comune, pharmacy.comune_code, "", said, pharmacy.cap))
    from_comune = "" if "region_unknown" in pharmacy.doubts else found.region_code
    region = said or region_code or from_comune
    in_the_comune = found.province if found.region_code == region else ""
    doubts = set(pharmacy.doubts) - COMPUTED
    if not said:
        doubts.add("region_unresolved" if region_code or not region else "region_from_comune")
    if province:
        doubts.add("province_unresolved")
    elif in_the_comune:
        doubts.add("province_from_comune")
    pharmacy.region_code, pharmacy.region = region, regions().get(region, "")
    pharmacy.province, pharmacy.doubts = province or in_the_comune, sorted(doubts)
    pharmacy.save(update_fields=["region_code", "region", "province", "doubts"])


def _in_words(region_code: str, province: str, asl_code: str) -> str:
    parts = [
        regions().get(region_code, region_code).title(),
        _("provincia %(province)s") % {"province": province} if province else "",
        _("ASL %(asl)s") % {"asl": asl_code} if asl_code else "",
    ]
    return ", ".join(part for part in parts if part)
