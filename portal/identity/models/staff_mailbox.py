"""The e-mail address of an operator, confirmed by a code: for news about the operator's own access."""

from datetime import datetime, timedelta

from django.db import models

from portal.identity.models.person import User
from portal.secrets.codes import keyed_hash, same

CODE_DIGITS = 6
CODE_GOOD_FOR = timedelta(minutes=15)
WRONG_CODES = 5  # of one code
SENDS = 5  # codes in SENDS_IN
SENDS_IN = timedelta(hours=1)


class StaffMailbox(models.Model):
    """One row an operator. `address` gets the news once it is confirmed; `pending` waits for its code and gets nothing else."""

    user = models.OneToOneField(User, models.PROTECT, related_name="mailbox")
    address = models.CharField("indirizzo", max_length=254, blank=True)
    confirmed_at = models.DateTimeField("confermato il", null=True)
    pending = models.CharField(max_length=254, blank=True)
    code_hash = models.CharField(max_length=64, blank=True)
    code_until = models.DateTimeField(null=True)
    wrong = models.PositiveSmallIntegerField(default=0)  # codes typed for the present one
    sends = models.PositiveSmallIntegerField(default=0)  # since sends_from
    sends_from = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "casella di un operatore"
        verbose_name_plural = "caselle degli operatori"

    def __str__(self) -> str:
        return f"casella di {self.user_id}"

    def waits_for_code(self, now: datetime) -> bool:
        """True while a code that was sent can still be typed."""
        return self.code_until is not None and now < self.code_until and self.wrong < WRONG_CODES

    def is_code(self, code: str) -> bool:
        """Constant-time comparison with the code that was sent to `pending`."""
        return same(self.code_hash, self.hash_of(code))

    def hash_of(self, code: str) -> str:
        return keyed_hash("staff-mailbox", f"{self.user_id}:{self.pending}:{code}")
