"""The regions and ASL that the portal knows, for the territory of an operator."""

from collections import defaultdict

from pharmacies.models import AslOfComune, Pharmacy, Utenza
from pharmacies.places.regions import regions
from portal.identity.known_places import KnownPlaces


def known_places() -> KnownPlaces:
    """Regions of the Ministry's list and of the pharmacies; ASL of the table of comuni and of the utenze. Three queries."""
    named = Pharmacy.objects.exclude(region_code="").order_by().values_list("region_code", "region").distinct()
    asl: dict[str, set[str]] = defaultdict(set)
    for found in (
        AslOfComune.objects.order_by().values_list("region_code", "asl_code").distinct(),
        Utenza.objects.exclude(codice_asl="").order_by().values_list("codice_regione", "codice_asl").distinct(),
    ):
        for region, code in found:
            asl[region].add(code)
    return KnownPlaces({**dict(named), **regions()}, {region: frozenset(codes) for region, codes in asl.items()})
