"""A titolare or direttore gives a delegation, changes it, takes it back: the office, and the letter to the certified address.

The journal's lines come from the verbs of pharmacies/people/offices.py. Ids already issued stay valid within their hours.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from pharmacies.delegations import letters
from pharmacies.models import Office, OfficeSource, Pharmacy
from pharmacies.people import offices
from pharmacies.people.offices import AlreadyHeld, OfficeRefused

if TYPE_CHECKING:
    from portal.identity.models import User


class IsHolder(OfficeRefused):
    """The person is titolare or direttore of this pharmacy already."""


class NotGivenHere(OfficeRefused):
    """The delegation was not given by a titolare or direttore, or it is over."""


@transaction.atomic
def give(
    pharmacy: Pharmacy,
    fiscal_code: str,
    names: tuple[str, str],
    until: datetime,
    *,
    ids: bool,
    hours: bool,
    by: "User",
    now: datetime,
) -> bool:
    """Delegates a person from now until `until` (UTC). False when the same delegation is in force already (a double click).

    `names`: family name, given name. `ids`: see and request ids. `hours`: set hours and reminders. Raises IsHolder, AlreadyHeld.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    held = list(Office.objects.held_by(fiscal_code, now).filter(pharmacy=pharmacy))
    if any(office.may_certify for office in held):
        raise IsHolder
    facts = (OfficeSource.DELEGATION, until, ids, hours)
    if any((office.source, office.until, office.may_use_ids, office.may_set_hours) == facts for office in held):
        return False
    office = offices.give(
        pharmacy, fiscal_code, Office.Role.DELEGATE, since=now, until=until, source=OfficeSource.DELEGATION, by=by,
        names=names, may_use_ids=ids, may_set_hours=hours, now=now,
    )  # fmt: skip
    letters.delegation(letters.GIVEN, office, by, now)
    return True


@transaction.atomic
def change(office: Office, until: datetime, *, ids: bool, hours: bool, by: "User", now: datetime) -> bool:
    """Changes the end (UTC) and what the delegation includes. False when it is so already. Raises NotGivenHere."""
    _hold(office, now)
    if not offices.correct(office, by=by, because="", now=now, until=until, may_use_ids=ids, may_set_hours=hours):
        return False
    letters.delegation(letters.CHANGED, office, by, now)
    return True


@transaction.atomic
def take_back(office: Office, *, by: "User", now: datetime) -> None:
    """Ends the delegation at once: at the next page the person is out of this pharmacy. Raises NotGivenHere."""
    _hold(office, now)
    offices.end(office, now, by=by, because="", now=now)
    letters.delegation(letters.TAKEN_BACK, office, by, now)


def may_change(office: Office) -> bool:
    """True for a delegation that a titolare or direttore gave here; others are for the source that brought them."""
    return office.role == Office.Role.DELEGATE and office.source == OfficeSource.DELEGATION


def _hold(office: Office, now: datetime) -> None:
    Pharmacy.objects.hold(office.pharmacy_id)
    office.refresh_from_db()
    if not may_change(office) or (office.until is not None and office.until <= now):
        raise NotGivenHere


__all__ = ["AlreadyHeld", "IsHolder", "NotGivenHere", "change", "give", "may_change", "take_back"]
