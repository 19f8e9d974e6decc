"""The letter about a login from a browser never seen, to the certified address of each pharmacy that the person may act for."""

from datetime import datetime, timedelta

from pharmacies.models import MailCertification, Office
from portal.identity.models import PersonSession
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from portal.time import database_clock

USEFUL_FOR = timedelta(days=2)


def new_browser(session: PersonSession, now: datetime) -> bool:
    """Posts one letter to each mailbox, however many pharmacies read it; returns False where there is no address to write to.

    `now`: real time (UTC), the instant of the login.
    """
    portal_now = database_clock.now()
    pharmacies = Office.objects.held_by(session.user.codice_fiscale or "", portal_now).values("pharmacy")
    reached = MailCertification.objects.current().filter(undeliverable_at=None, pharmacy__in=pharmacies)
    mailboxes: dict[str, list[MailCertification]] = {}
    for certification in reached.select_related("pharmacy").order_by("pharmacy__name", "pharmacy__code"):
        mailboxes.setdefault(certification.address_key, []).append(certification)
    for read_by in mailboxes.values():
        first = read_by[0]
        context = {
            "session": session,
            "at": now,
            "pharmacy": first.pharmacy,
            "pharmacies": [row.pharmacy for row in read_by],
        }
        envelope = Envelope(
            OutgoingMail.Kind.NOTICE, first.pharmacy.code, portal_now, give_up_at=portal_now + USEFUL_FOR
        )
        post(envelope, first.address, "new_browser", context)
    return bool(mailboxes)
