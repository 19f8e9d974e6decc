"""Gives stored pharmacies their comune of today, in a database that is older than the table of the comuni."""

from pharmacies.models import Pharmacy
from pharmacies.models.pharmacy import PharmacyQuerySet
from pharmacies.places.comuni import WrittenPlace
from pharmacies.places.resolving import resolve

BATCH = 1000


def give_comuni(pharmacies: PharmacyQuerySet) -> None:
    """Locks these pharmacies and writes the codice catastale of each where it is known. Changes no region.

    The caller holds the transaction. The next import of the register does the same, and gives regions.
    """
    keys = list(pharmacies.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        some = keys[start : start + BATCH]
        Pharmacy.objects.hold_all(some)
        found = []
        for one in Pharmacy.objects.filter(pk__in=some):
            one.catasto = resolve(
                WrittenPlace(one.comune, one.comune_code, one.province, one.region_code, one.cap)
            ).catasto
            if one.catasto:
                found.append(one)
        Pharmacy.objects.bulk_update(found, ["catasto"])
