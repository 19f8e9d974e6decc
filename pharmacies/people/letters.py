"""The letters to the certified address about the people of a pharmacy: the right to certify changes, or a person asks for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pharmacies.models import MailCertification, Office, RoleRequest
from pharmacies.people import terms
from pharmacies.people.rights import RightNews
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from portal.secrets.masking import mask_codice_fiscale

USEFUL_FOR = timedelta(days=7)


def office_news(office: Office, news: RightNews | None, now: datetime) -> None:
    """Posts the news to the certified address of the office's pharmacy; nothing without news or without an address."""
    if news is None:
        return
    current = MailCertification.objects.current().filter(pharmacy=office.pharmacy_id, undeliverable_at=None).first()
    if current is not None:
        post_news(current, office, news, now)


def post_news(certification: MailCertification, office: Office, news: RightNews, now: datetime) -> None:
    """As office_news, for a caller that has the certified address (an import reads many at once)."""
    pharmacy = office.pharmacy
    context = {
        "pharmacy": pharmacy,
        "person": office.name or mask_codice_fiscale(office.codice_fiscale),
        "role": office.get_role_display(),
        "gained": news.gained,
        "first_day": terms.first_day(news.since),
        "last_day": None if news.until is None else terms.last_day(news.until),
        "at_once": news.until is not None and news.until <= now,
    }
    envelope = Envelope(OutgoingMail.Kind.NOTICE, pharmacy.code, now, give_up_at=now + USEFUL_FOR)
    post(envelope, certification.address, "office_news", context)


def role_requests(certification: MailCertification, rows: Sequence[RoleRequest], now: datetime) -> None:
    """Posts that people ask to be titolare, direttore … of the pharmacy: initials and role, and what to do if it is not right."""
    people = [
        {"initials": _initials(row.person.given_name, row.person.family_name), "role": row.get_role_display()}
        for row in rows
    ]
    context = {"pharmacy": certification.pharmacy, "people": people}
    envelope = Envelope(OutgoingMail.Kind.NOTICE, certification.pharmacy.code, now, give_up_at=now + USEFUL_FOR)
    post(envelope, certification.address, "role_requests", context)


def _initials(*names: str) -> str:
    return " ".join(f"{name[0]}." for name in names if name) or "•"
