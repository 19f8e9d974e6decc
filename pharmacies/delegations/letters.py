"""The letter to the certified address when a delegation is given, changed or taken back."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pharmacies.models import MailCertification, Office
from pharmacies.people import terms
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from portal.secrets.masking import mask_codice_fiscale

if TYPE_CHECKING:
    from portal.identity.models import User

USEFUL_FOR = timedelta(days=7)
GIVEN, CHANGED, TAKEN_BACK = "given", "changed", "taken back"


def delegation(act: str, office: Office, by: "User", now: datetime) -> None:
    """Posts the news of an act (GIVEN, CHANGED, TAKEN_BACK) on this delegation; nothing without a reachable address."""
    current = MailCertification.objects.current().filter(pharmacy=office.pharmacy_id, undeliverable_at=None).first()
    if current is None:
        return
    pharmacy = office.pharmacy
    context = {
        "pharmacy": pharmacy,
        "act": act,
        "person": office.name or mask_codice_fiscale(office.codice_fiscale),
        "by": by,
        "includes": office.included,
        "last_day": terms.last_day(office.until) if office.until else None,
    }
    envelope = Envelope(OutgoingMail.Kind.NOTICE, pharmacy.code, now, give_up_at=now + USEFUL_FOR)
    post(envelope, current.address, "delegation", context)
