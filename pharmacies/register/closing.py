"""When the register closes a pharmacy, and how: with a letter, a line of the journal, and an operator's yes when many close.

A closing only stops: ids and letters are held, and a reopening gives them back (sessions/letters/closing_holds.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from pharmacies.certification import letters
from pharmacies.models import MailCertification, Pharmacy, RegisterChange, RegisterImport
from pharmacies.register import history
from pharmacies.register.lock import alone_with_the_register
from portal.journal.models import record

if TYPE_CHECKING:
    from portal.identity.models import User


@dataclass(frozen=True)
class Closing:
    """A pharmacy (its key) and the first day on which it is closed."""

    pk: int
    since: date | None


@dataclass(frozen=True)
class Decision:
    """What becomes of the closing of a pharmacy that is in the file."""

    closed_on: date | None
    closing_waits: date | None
    closes: bool  # a new closing: whether it waits depends on how many there are


@dataclass(frozen=True)
class ClosingRule:
    """What an end date does on `day`; `takes_away` is false for a file that is not whole."""

    day: date
    takes_away: bool

    def is_open(self, closed_on: date | None) -> bool:
        return closed_on is None or closed_on > self.day

    def decide(self, told: date | None, held: date | None, waits: date | None) -> Decision | None:
        """`told`: the first closed day by the file; `held`, `waits`: by us. None: the row is not believed."""
        if told is None:
            return Decision(None, None, closes=False)
        if not self.is_open(held):
            return Decision(told, None, closes=False)
        if held is not None and told >= held:
            return Decision(told, None, closes=False)
        if not self.takes_away:
            return None  # the row that says more may be in the part that is missing
        if waits is not None:
            return Decision(held, told, closes=False)
        return Decision(held, None, closes=True)


def too_many(closings: int, day: date) -> bool:
    """True when so many closings at once are more likely a mistake of the file."""
    still_open = Pharmacy.objects.open_on(day).count()
    share = settings.REGISTER_CLOSINGS_PER_THOUSAND * still_open
    return closings > settings.REGISTER_CLOSINGS and closings * 1000 > share


def absence_is_proven(file: RegisterImport, since: date) -> bool:
    """True when enough whole files of different days, this one among them, do not name a pharmacy absent since then."""
    if file.unnamed:
        return False
    days = RegisterImport.objects.days_without(since, and_also=file.day)
    return days >= settings.REGISTER_ABSENT_FILES


def let_wait(closings: Sequence[Closing]) -> None:
    """They wait for an operator's yes: nothing is closed, nobody is told."""
    for each in closings:
        Pharmacy.objects.filter(pk=each.pk).update(closing_waits=each.since)


@transaction.atomic
def close(closings: Iterable[Closing], now: datetime, by: "User | None" = None, because: str = "") -> int:
    """Writes each closing down: the pharmacy, its history, the journal, then the letters to the certified addresses."""
    closed = []
    for each in sorted(closings, key=lambda closing: closing.pk):
        Pharmacy.objects.hold(each.pk)
        pharmacy = Pharmacy.objects.get(pk=each.pk)
        before, pharmacy.closed_on = pharmacy.closed_on, each.since
        pharmacy.closing_waits, pharmacy.closing_noted_at = None, now
        pharmacy.save(update_fields=["closed_on", "closing_waits", "closing_noted_at"])
        RegisterChange.objects.create(
            pharmacy=pharmacy, at=now, field="closed_on", was=history.kept(before), became=history.kept(each.since)
        )
        closed.append(pharmacy)
    for pharmacy in closed:
        certification = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None).first()
        if certification is not None:
            letters.closing(certification, now)
    for pharmacy in closed:
        record(
            "register.closed", now=now, actor=by, about=pharmacy.code, since=f"{pharmacy.closed_on:%d/%m/%Y}",
            why=why(pharmacy), because=because,
        )  # fmt: skip
    return len(closed)


def why(pharmacy: Pharmacy) -> str:
    """What the register says or does not say, in plain Italian words."""
    return "manca dal registro nazionale" if pharmacy.absent_since else "il registro nazionale ne dice la fine"


def confirm(keys: Sequence[int], by: "User | None", because: str, now: datetime) -> int:
    """The yes of an operator: these closings (keys of pharmacies), as far as they still wait. How many.

    Raises ImportUnderWay: an import may be changing them at this moment.
    """
    with alone_with_the_register():
        waiting = Pharmacy.objects.closing_to_confirm().filter(pk__in=keys).values_list("pk", "closing_waits")
        return close([Closing(pk, since) for pk, since in waiting], now, by, because)


def note_reopened(keys: Sequence[int], now: datetime) -> None:
    """A line of the journal for each pharmacy that the register has opened again."""
    for start in range(0, len(keys), 1000):
        some = Pharmacy.objects.filter(pk__in=keys[start : start + 1000]).order_by("pk")
        some.update(closing_noted_at=None)
        for code in some.values_list("code", flat=True):
            record("register.reopened", now=now, about=code)
