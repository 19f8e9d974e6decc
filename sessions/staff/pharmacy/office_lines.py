"""The lines of «Persone della farmacia»: each office with the words of the page about its days, source, author and conflict."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from pharmacies.models import Office, Pharmacy
from pharmacies.people import conflicts, terms
from pharmacies.people.office_rows import DOUBTS
from portal.identity.models import User


@dataclass(frozen=True)
class OfficeLine:
    """One office. `name`: as the source writes it, else as the person's account says it. `account`: None before the first login."""

    office: Office
    name: str
    now: datetime
    account: User | None = None

    @property
    def is_in_force(self) -> bool:
        return self.office.since <= self.now and not self.is_over

    @property
    def is_over(self) -> bool:
        return self.office.until is not None and self.office.until <= self.now

    @property
    def days(self) -> str:
        return terms.in_words(self.office.since, self.office.until)

    @property
    def doubts(self) -> list[str]:
        return [str(DOUBTS.get(word, word)) for word in self.office.doubts or ()]

    @property
    def has_conflict(self) -> bool:
        return self.office.file_says is not None and "kept" not in self.office.file_says

    @property
    def here(self) -> str:
        return here(self.office)

    @property
    def said(self) -> str:
        return said(self.office)


def of(pharmacy: Pharmacy, now: datetime) -> tuple[list[OfficeLine], list[OfficeLine]]:
    """Returns the offices now and later, and those that are over, newest first. Two queries."""
    offices = list(Office.objects.filter(pharmacy=pharmacy).select_related("written_by").order_by("-since", "-pk"))
    people = User.objects.filter(codice_fiscale__in={office.codice_fiscale for office in offices})
    accounts = {person.codice_fiscale: person for person in people}
    lines = [_line(office, accounts.get(office.codice_fiscale), now) for office in offices]
    present = [line for line in lines if not line.is_over]
    present.sort(key=lambda line: (not line.is_in_force, not line.office.may_certify))
    return present, [line for line in lines if line.is_over]


def _line(office: Office, account: User | None, now: datetime) -> OfficeLine:
    return OfficeLine(office, office.name or (account.full_name if account else ""), now, account)


def here(office: Office) -> str:
    """`direttore dal 01/12/2026`: what the portal holds."""
    return f"{office.get_role_display()} {terms.in_words(office.since, office.until)}"


def said(office: Office) -> str:
    """The same for what the last file says: "" when it says nothing different."""
    says = office.file_says
    if says is None:
        return ""
    if "role" not in says:
        return _("non la nomina più")
    first, last = conflicts.said_days(says)
    role = str(Office.Role(says["role"]).label)
    return " ".join(filter(None, [role, terms.days_in_words(first, last)]))
