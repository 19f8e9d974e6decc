"""Counts the open pharmacies that no region or no ASL claims, for the line on the status page that names them."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from pharmacies.models import Pharmacy
from portal.templatetags.portale import thousands
from sessions.staff.lists.brief_cache import kept
from sessions.staff.lists.selection import ALL, NOWHERE, PharmacySelection

LASTS = 6  # times the cache time of the counters


@dataclass(frozen=True)
class MissingLine:
    """A sentence of the page and the list that it counts. `which`: the list that the staff mend one by one."""

    words: str
    url: str
    which: str


def missing_lines(selection: PharmacySelection, now: datetime) -> list[MissingLine]:
    """The lines about the region of this selection (of the chosen ASL's region); empty when every pharmacy has a place."""
    place = _around(selection)
    of = (place.territory.cache_key, place.region, place.province)
    without_region, without_asl = kept("missing", of, lambda: _count(place, now), LASTS)
    lines = []
    if without_asl:
        words = ngettext(
            "%(number)s farmacia aperta non è in nessuna ASL", "%(number)s farmacie aperte non sono in nessuna ASL", without_asl
        ) % {"number": thousands(without_asl)}  # fmt: skip
        lines.append(MissingLine(words, _url(place, asl=NOWHERE), "asl"))
    if without_region:
        words = ngettext(
            "%(number)s farmacia aperta è senza regione", "%(number)s farmacie aperte sono senza regione", without_region
        ) % {"number": thousands(without_region)}  # fmt: skip
        lines.append(MissingLine(words, _url(place, regione=NOWHERE), "regione"))
    return lines


def mending(selection: PharmacySelection) -> MissingLine | None:
    """The list of pharmacies without a place that this selection shows, for the link to mend them one by one."""
    for which, chosen in (("regione", selection.region), ("asl", selection.asl)):
        if chosen == NOWHERE:
            return MissingLine(gettext("Correggi una alla volta"), reverse("staff:next_place", args=[which]), which)
    return None


def _around(selection: PharmacySelection) -> PharmacySelection:
    """The place without its ASL, in the region of the ASL: a pharmacy without one is in no ASL's list."""
    region = "" if selection.region == NOWHERE else selection.region
    if selection.asl and selection.asl != NOWHERE:
        region = selection.asl.partition("-")[0]
    return replace(selection.place_only, region=region, asl="")


def _count(place: PharmacySelection, now: datetime) -> tuple[int, int]:
    without_asl = Pharmacy.objects.without_asl().order_by().values("pk")
    counts = place.pharmacies(now).aggregate(
        region=Count("pk", filter=Q(region_code="")), asl=Count("pk", filter=Q(pk__in=without_asl))
    )
    return counts["region"], counts["asl"]


def _url(place: PharmacySelection, **filters: str) -> str:
    chosen = {"regione": place.region, "provincia": place.province, **filters}
    query = {"stato": ALL, **{name: value for name, value in chosen.items() if value}}
    return f"{reverse('staff:status')}?{urlencode(query)}"
