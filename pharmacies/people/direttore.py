"""«Il direttore è cambiato»: the present direttore ends and the new one begins, in one transaction."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from pharmacies.models import Office, OfficeSource, Pharmacy
from pharmacies.models.office import OfficeQuerySet
from pharmacies.people import offices

if TYPE_CHECKING:
    from portal.identity.models import User


def present_direttori(pharmacy: Pharmacy, now: datetime) -> OfficeQuerySet:
    """The present and future direttori: normally one."""
    found = Office.objects.filter(Q(until=None) | Q(until__gt=now), pharmacy=pharmacy, role=Office.Role.DIRETTORE)
    return found.order_by("since", "pk")


@transaction.atomic
def change_direttore(
    pharmacy: Pharmacy,
    fiscal_code: str,
    *,
    since: datetime,
    by: "User",
    names: tuple[str, str],
    because: str,
    protocol: str = "",
    now: datetime,
) -> Office:
    """Gives the office from `since` (a midnight in Rome, UTC) and ends at that instant every other direttore.

    A direttore who would begin later never begins. Raises OfficeRefused, and then nothing has changed.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    leaving = list(present_direttori(pharmacy, now))
    office = offices.give(
        pharmacy, fiscal_code, Office.Role.DIRETTORE, since=since, source=OfficeSource.DESK, by=by, names=names,
        because=because, protocol=protocol, now=now,
    )  # fmt: skip
    for one in leaving:
        offices.end(one, since, by=by, because=because, protocol=protocol, now=now)
    return office
