"""For how long each kind of line is kept. The instant is written on its link when it is sealed, and never changes."""

from datetime import datetime, timedelta

# What happens every day at every till: as long as the records of the logins (SPID, tracciature: 24 months).
DAILY_KEPT_FOR = timedelta(days=731)
DAILY = frozenset(
    {"certification.requested", "certification.withdrawn", "code.sent", "code.wrong"}
    | {"id.issued", "id.used", "id.resent", "id.shown", "register.imported"}
)
# Who certified, revoked, blocked, changed a right or a rule: as long as it can be claimed (codice civile, art. 2946).
ACTS_KEPT_FOR = timedelta(days=3653)


def keep_until(verb: str, at: datetime) -> datetime:
    """When a line may be forgotten (UTC); a verb that nobody listed is an act."""
    return at + (DAILY_KEPT_FOR if verb in DAILY else ACTS_KEPT_FOR)
