"""The letter to a pharmacy whose prescriptions came without a valid id before ids become mandatory."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pharmacies.models import MailCertification
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from sessions.models import Context

USEFUL_FOR = timedelta(days=3)


@dataclass(frozen=True)
class MandatorySoon:
    """A context whose ids become mandatory, and the calls of yesterday without a valid one."""

    context: Context
    calls: int


def mandatory_soon(certification: MailCertification, coming: list[MandatorySoon], now: datetime) -> OutgoingMail:
    """Says from when each context needs an id, and how to have one. `coming`: at least one, the nearest date first.

    Given up when the nearest date has come. Call it in the transaction of its cause.
    """
    dates = [one.context.mandatory_from for one in coming if one.context.mandatory_from]
    envelope = Envelope(
        OutgoingMail.Kind.NOTICE, certification.pharmacy.code, now, give_up_at=min([now + USEFUL_FOR, *dates])
    )
    context = {"pharmacy": certification.pharmacy, "coming": coming, "first": dates[0]}
    return post(envelope, certification.address, "mandatory_soon", context)
