"""The letter that the portal closed the webhook of a gestionale by itself."""

from datetime import datetime, timedelta

from pharmacies.models import MailCertification
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from sessions.models import Webhook

USEFUL_FOR = timedelta(days=7)


def put_to_rest(webhook: Webhook, now: datetime) -> None:
    """Posts to the certified address why the gestionale gets no more calls, and how to connect it again; nothing without one."""
    current = MailCertification.objects.current().filter(pharmacy=webhook.pharmacy_id, undeliverable_at=None)
    certification = current.select_related("pharmacy").first()
    if certification is None:
        return
    pharmacy = certification.pharmacy
    host = webhook.url.partition("://")[2].partition("/")[0]
    context = {"pharmacy": pharmacy, "host": host, "because": webhook.get_closed_because_display()}
    post(
        Envelope(OutgoingMail.Kind.NOTICE, pharmacy.code, now, now + USEFUL_FOR),
        certification.address,
        "webhook_rested",
        context,
    )
