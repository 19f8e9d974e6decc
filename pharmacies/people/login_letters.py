"""Letters about the logins of a person, to the certified address of each pharmacy that the person may act for."""

from datetime import datetime, timedelta
from typing import Any

from pharmacies.models import MailCertification, Office
from portal.identity.models import PersonSession, User
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from portal.time import database_clock

USEFUL_FOR = timedelta(days=2)


def new_browser(session: PersonSession, now: datetime) -> bool:
    """Posts one letter to each mailbox, however many pharmacies read it; returns False where there is no address to write to.

    `now`: real time (UTC), the instant of the login.
    """
    return _post(session.user, "new_browser", {"session": session, "at": now}, database_clock.now())


def access_changed(person: User, because: str, *, stopped: bool, now: datetime) -> bool:
    """Posts that the staff stopped the person, or let them in again. As new_browser(); `now`: the portal's time (UTC)."""
    return _post(person, "access_changed", {"person": person, "because": because, "stopped": stopped}, now)


def _post(person: User, template: str, facts: dict[str, Any], now: datetime) -> bool:
    pharmacies = Office.objects.held_by(person.codice_fiscale or "", now).values("pharmacy")
    reached = MailCertification.objects.current().filter(undeliverable_at=None, pharmacy__in=pharmacies)
    mailboxes: dict[str, list[MailCertification]] = {}
    for certification in reached.select_related("pharmacy").order_by("pharmacy__name", "pharmacy__code"):
        mailboxes.setdefault(certification.address_key, []).append(certification)
    for read_by in mailboxes.values():
        first = read_by[0]
        context = {**facts, "pharmacy": first.pharmacy, "pharmacies": [row.pharmacy for row in read_by]}
        envelope = Envelope(OutgoingMail.Kind.NOTICE, first.pharmacy.code, now, give_up_at=now + USEFUL_FOR)
        post(envelope, first.address, template, context)
    return bool(mailboxes)
