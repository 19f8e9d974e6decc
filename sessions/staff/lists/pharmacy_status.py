"""One pharmacy as a row of the status list."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pharmacies.models import Pharmacy
from portal.outbox.models import OutgoingMail
from sessions.ids.cards import EXPIRING_WITHIN
from sessions.models import IdSessione
from sessions.staff.lists import urgency as rules
from sessions.staff.lists.urgency import Urgency, urgency_of

# Columns that no page reads: hashes and sealed copies.
UNREAD = (
    "digest", "sealed", "fingerprint", "service_fingerprint", "pincode_fingerprint", "letter__sealed_source", "utenza__password", "utenza__pincode",
)  # fmt: skip


@dataclass(frozen=True)
class StatusRow:
    """One pharmacy with its newest id; `certified_address` is the present one, read only when there is no id."""

    pharmacy: Pharmacy
    newest: IdSessione | None
    now: datetime
    certified_address: str = ""

    @property
    def urgency(self) -> Urgency:
        return urgency_of(self.newest, self.now)

    @property
    def left(self) -> timedelta:
        """Time before expiry; negative when it is over, zero when there is no id."""
        return self.newest.expires_at - self.now if self.newest else timedelta()

    @property
    def is_today(self) -> bool:
        """Whether it has an id that counts today, so that its time left is shown."""
        return self.urgency in (
            Urgency.UNDELIVERED, Urgency.EXPIRING, Urgency.EXPIRED_TODAY, Urgency.LIVE,
        )  # fmt: skip

    @property
    def is_over(self) -> bool:
        return self.left <= timedelta()

    @property
    def is_live(self) -> bool:
        return self.newest is not None and self.newest.is_live(self.now)

    @property
    def percent_left(self) -> int:
        """Share of the id's hours that is left; never 0 while it is live, so that the bar shows."""
        if self.newest is None or self.is_over:
            return 0
        return max(1, self.newest.left_percent(self.now))

    @property
    def colour(self) -> str:
        return "warn" if timedelta() < self.left <= EXPIRING_WITHIN else "ok"

    @property
    def letter(self) -> OutgoingMail | None:
        return self.newest.letter if self.newest else None

    @property
    def address(self) -> str:
        """The address of the newest id's letter, else the certified one, "" for none. Whole: the caller must mask it."""
        return self.newest.letter.recipient if self.newest else self.certified_address


def newest_today(pharmacy: Pharmacy, now: datetime) -> IdSessione | None:
    """The id of today of one pharmacy, as the status page counts it."""
    return rules.of_today(now).filter(pharmacy=pharmacy).with_facts().defer(*UNREAD).first()
