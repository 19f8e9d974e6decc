"""When the next try of a register is due: once a night of Rome, at another minute in each installation and night."""

from datetime import datetime, time, timedelta
from random import uniform

from portal.time.clock import ROME
from portal.time.pauses import growing, jittered

BEGINS, ENDS = time(1), time(7)  # Rome: the night, with the tries that follow a failure
FIRST_TRIES_WITHIN = timedelta(hours=3)  # so that not all installations call the Ministry's site at once
FIRST_PAUSE, LONGEST_PAUSE = (
    timedelta(minutes=10),
    timedelta(hours=1),
)  # after the first failure of a night, and at most
ANOTHER_NIGHT_AFTER = timedelta(hours=12)  # since the last try


def next_night(now: datetime) -> datetime:
    """The instant (UTC) of the next night's first try: within three hours from 1:00 in Rome, at random."""
    day = now.astimezone(ROME).date()
    begins = datetime.combine(day, BEGINS, ROME)
    if begins <= now:
        begins = datetime.combine(day + timedelta(days=1), BEGINS, ROME)
    return begins.astimezone(now.tzinfo) + FIRST_TRIES_WITHIN * uniform(0, 1)  # noqa: S311  jitter, not a secret


def next_try(now: datetime, attempts: int, *, has_register: bool) -> datetime:
    """The instant (UTC) of the next try after this many failures of the night: later and later, until the night ends.

    Without any whole import (`has_register` false) the day counts as night: the portal has no pharmacies yet.
    """
    at = now + jittered(growing(attempts, FIRST_PAUSE, LONGEST_PAUSE))
    if not has_register or BEGINS <= at.astimezone(ROME).time() < ENDS:
        return at
    return next_night(now)


def attempt_number(attempts: int, checked_at: datetime | None, now: datetime) -> int:
    """The number of a try that begins now: counted from 1 again in another night."""
    if checked_at is None or now - checked_at > ANOTHER_NIGHT_AFTER:
        return 1
    return attempts + 1
