"""The list of «Persone»: the offices in force in a pharmacy, with what the page says about each."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from pharmacies.delegations import acts
from pharmacies.models import Office, OfficeSource, Pharmacy
from pharmacies.people import terms
from portal.identity.models import LoginRecord
from portal.secrets.masking import mask_codice_fiscale
from portal.time.clock import ROME

ENDS_SOON = timedelta(days=30)


@dataclass(frozen=True)
class PersonRow:
    """One office in force."""

    office: Office
    last_login: date | None  # the last login with this codice fiscale since the office began (Italian day)
    ends_soon: bool

    @property
    def name(self) -> str:
        return self.office.name or _("Nome non indicato")

    @property
    def masked_codice_fiscale(self) -> str:
        return mask_codice_fiscale(self.office.codice_fiscale)

    @property
    def last_day(self) -> date | None:
        return terms.last_day(self.office.until) if self.office.until else None

    @property
    def may_change(self) -> bool:
        return acts.may_change(self.office)

    @property
    def who_can_change_it(self) -> str:
        """For an office that is not changed here: who can."""
        if self.office.source == OfficeSource.FILE:
            return _("Viene dall’elenco dell’amministrazione: se non è giusto, chiama l’assistenza.")
        return _("L’ha registrato un operatore: se non è giusto, chiama l’assistenza.")


def people_of(pharmacy: Pharmacy, now: datetime) -> tuple[list[PersonRow], list[PersonRow]]:
    """Returns titolari and direttori, then delegates, each by name.

    The names come from the source: the account of a codice fiscale that a holder typed may belong to somebody else. For the
    same reason the last login counts only from the day of the office.
    """
    logins = LoginRecord.objects.filter(
        user__codice_fiscale=OuterRef("codice_fiscale"), outcome="ok", at__gte=OuterRef("since")
    )
    offices = Office.objects.filter(pharmacy=pharmacy).in_force(now).select_related("written_by", "pharmacy")
    offices = offices.annotate(last_login=Subquery(logins.order_by("-at").values("at")[:1]))
    rows = [
        PersonRow(
            office,
            at.astimezone(ROME).date() if (at := getattr(office, "last_login", None)) else None,
            office.until is not None and office.until - now <= ENDS_SOON,
        )
        for office in offices.order_by("family_name", "given_name", "pk")
    ]
    return [row for row in rows if row.office.may_certify], [row for row in rows if not row.office.may_certify]
