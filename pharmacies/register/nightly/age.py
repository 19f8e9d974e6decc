"""How old each register is, and whether it is stale: for /readyz, /metrics, the staff's pages and the command."""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import Q

from pharmacies.models import NationalRegister, RegisterImport, RegisterSource
from pharmacies.models.register_source import NightOutcome
from pharmacies.register.nightly.sources import SETTING, configured
from portal.time.clock import ROME


@dataclass(frozen=True)
class RegisterAge:
    """One register today. `days`: from the day of its last whole file to today in Rome; None when there was none."""

    register: NationalRegister
    last: RegisterImport | None
    days: int | None
    night: RegisterSource | None  # None: never tried
    is_configured: bool

    @property
    def is_stale(self) -> bool:
        """True when the last whole file is too old, or a configured register has none. Not configured and never imported: false."""
        if self.days is None:
            return self.is_configured
        return self.days > settings.REGISTER_STALE_AFTER.days

    @property
    def fails(self) -> bool:
        """True when the last try brought nothing, and no whole file came in another way since."""
        night = self.night
        if not self.is_configured or night is None or night.checked_at is None or not night.outcome:
            return False
        if night.went_well or night.outcome == NightOutcome.BUSY:
            return False
        return self.last is None or self.last.at <= night.checked_at

    @property
    def age_words(self) -> str:
        """`the last whole file, FRM_FARMA_5_20261126.csv, is of 2026-11-26 (days: 4, limit 3)`: English, for operators."""
        if self.last is None:
            return "no whole file was ever imported"
        limit = settings.REGISTER_STALE_AFTER.days
        return f"the last whole file, {self.last.file}, is of {self.last.day} (days: {self.days}, limit {limit})"

    @property
    def words(self) -> str:
        """As age_words, with what the last try did."""
        age = self.age_words
        if not self.is_configured:
            return f"{age}; {SETTING[self.register]} is not set: an operator imports it"
        if self.night is None or self.night.checked_at is None:
            return f"{age}; not tried yet"
        return f"{age}; last try {self.night.checked_at:%Y-%m-%d %H:%M} UTC: {self.night.detail.rstrip('.')}"


def ages(now: datetime) -> list[RegisterAge]:
    """The registers that are configured or were imported once. One query, and one more when a register is configured."""
    today = now.astimezone(ROME).date()
    newest = [
        RegisterImport.objects.filter(register=register).whole().order_by("-at", "-pk").values("pk")[:1]
        for register in NationalRegister
    ]
    imports = {
        row.register: row for row in RegisterImport.objects.filter(reduce(or_, (Q(pk__in=keys) for keys in newest)))
    }
    with_address = {source.register for source in configured()}
    rows = RegisterSource.objects.filter(register__in=with_address).defer("digest", "file_url", "etag", "last_modified")
    nights = {night.register: night for night in rows} if with_address else {}
    found = []
    for register in NationalRegister:
        last, is_configured = imports.get(register), register in with_address
        if last is not None or is_configured:
            days = (today - last.day).days if last is not None else None
            found.append(RegisterAge(register, last, days, nights.get(register), is_configured))
    return found


def warnings(now: datetime) -> list[str]:
    """One line for each stale register, for /readyz."""
    return [f"register of the {age.register}: {age.words}" for age in ages(now) if age.is_stale]
