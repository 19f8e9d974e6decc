"""The limit on wrong codes, for the rows that a code confirms: a certification, the mailbox of a copy."""

from datetime import datetime, timedelta

from django.db import models

from portal.secrets.codes import same

ATTEMPTS = 5  # wrong codes for one address of one request, then no code is accepted ...
ATTEMPTS_FORGIVEN_AFTER = timedelta(hours=1)  # ... for this time since the last wrong one


class CodeAttempts(models.Model):
    """The wrong codes typed for this row."""

    failed_attempts = models.PositiveSmallIntegerField("codici errati", default=0, db_default=0)
    last_failed_at = models.DateTimeField(null=True)
    last_wrong_hash = models.CharField(
        max_length=64, blank=True, db_default=""
    )  # a double click on a wrong code counts once

    class Meta:
        abstract = True

    def attempts_left(self, now: datetime) -> int:
        """Returns how many wrong codes may still be typed before the lock of one hour."""
        if self.last_failed_at is None or self.last_failed_at + ATTEMPTS_FORGIVEN_AFTER <= now:
            return ATTEMPTS
        return max(ATTEMPTS - self.failed_attempts, 0)

    def locked_until(self, now: datetime) -> datetime | None:
        """Returns when a code may be typed again (UTC); None: now."""
        if self.last_failed_at is None or self.attempts_left(now) > 0:
            return None
        return self.last_failed_at + ATTEMPTS_FORGIVEN_AFTER

    def count_wrong(self, wrong_hash: str, now: datetime) -> bool:
        """Counts a wrong code and saves; the caller holds the lock. False: the same wrong code again, which does not count."""
        if same(wrong_hash, self.last_wrong_hash) and self.attempts_left(now) < ATTEMPTS:
            return False
        self.failed_attempts = ATTEMPTS - self.attempts_left(now) + 1
        self.last_failed_at, self.last_wrong_hash = now, wrong_hash
        self.save(update_fields=["failed_attempts", "last_failed_at", "last_wrong_hash"])
        return True

    def forgive(self) -> None:
        """Forgets the wrong codes, after a right one. Does not save."""
        self.failed_attempts, self.last_failed_at, self.last_wrong_hash = 0, None, ""
