"""How long each kind of line is kept. Sealing writes the instant on the link of the line, and it never changes."""

from datetime import datetime, timedelta

# Daily events of every pharmacy: as long as the records of the logins (SPID, tracciature: 24 months).
DAILY_KEPT_FOR = timedelta(days=731)
DAILY = frozenset(
    {"certification.requested", "certification.withdrawn", "code.sent", "code.wrong"}
    | {"id.issued", "id.used", "id.resent", "id.shown", "id.checked", "register.imported", "offices.imported"}
    | {"staff.looked", "staff.searched"}
    | {"staff.locked_out", "staff.codes_guessed"}
)
# Acts (certification, revocation, block, change of a right or a rule): as long as claims can arise (codice civile, art. 2946).
ACTS_KEPT_FOR = timedelta(days=3653)


def keep_until(verb: str, at: datetime) -> datetime:
    """The instant (UTC) from which a line may be deleted; a verb that is not in DAILY counts as an act."""
    return at + (DAILY_KEPT_FOR if verb in DAILY else ACTS_KEPT_FOR)
