"""After a change of holder: the things that nobody in office has given, opened or kept, which a new holder decides about.

This module has the rule and the delegations; calendar, copies and webhook ask the same rule (sessions/preferences/handover.py).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from pharmacies.models import Office, Pharmacy
from pharmacies.people.offices import note_of
from portal.identity.models import User
from portal.journal.models import record


@dataclass(frozen=True)
class HoldersInOffice:
    """The people who may certify now, and since when the first of them has been able to, with interruptions or without."""

    codici_fiscali: frozenset[str]
    since: datetime | None

    @classmethod
    def of(cls, pharmacy: Pharmacy, now: datetime) -> "HoldersInOffice":
        offices = Office.objects.certifying().filter(pharmacy=pharmacy, since__lte=now)
        people = frozenset(offices.within_dates(now).values_list("codice_fiscale", flat=True))
        first = offices.filter(codice_fiscale__in=people).order_by("since").values_list("since", flat=True).first()
        return cls(people, first)

    def must_decide(self, by: User | None, since: datetime, kept_by: User | None) -> bool:
        """True when nobody in office answers for a thing that `by` gave or opened at `since` (UTC) and `kept_by` kept.

        A thing of the staff or of a file was decided by nobody in office if it is older than all of them.
        """
        people = {person.codice_fiscale for person in (by, kept_by) if person is not None and person.codice_fiscale}
        if not self.codici_fiscali:
            return False  # nobody could decide
        if people:
            return self.codici_fiscali.isdisjoint(people)
        return self.since is not None and since < self.since


def delegations(pharmacy: Pharmacy, holders: HoldersInOffice, now: datetime) -> list[Office]:
    """The delegations in force that these holders must decide about, by name."""
    rows = Office.objects.in_force(now).filter(pharmacy=pharmacy, role=Office.Role.DELEGATE)
    found = rows.select_related("written_by", "kept_by", "pharmacy").order_by("family_name", "given_name", "pk")
    return [row for row in found if holders.must_decide(row.written_by, row.since, row.kept_by)]


@transaction.atomic
def keep(office: Office, by: User, now: datetime) -> bool:
    """A holder keeps the delegation. False when it is over, or `by` kept it already."""
    Pharmacy.objects.hold(office.pharmacy_id)
    office.refresh_from_db()
    if office.kept_by_id == by.pk or (office.until is not None and office.until <= now):
        return False
    office.kept_by, office.kept_at = by, now
    office.save(update_fields=["kept_by", "kept_at"])
    record("office.continued", now=now, actor=by, about=office.pharmacy.code, subject=office, **note_of(office))
    return True
