"""Closes pharmacies that the register closes: writes a letter and a journal entry; many at once need an operator's approval.

A closing only stops: ids and letters are held, and a reopening gives them back (sessions/letters/closing_holds.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from pharmacies.certification import letters
from pharmacies.files.lock import Import, alone_with
from pharmacies.models import MailCertification, NationalRegister, Pharmacy, RegisterChange, RegisterImport
from pharmacies.register import history, moves
from portal.journal.models import record

if TYPE_CHECKING:
    from portal.identity.models import User


@dataclass(frozen=True)
class Closing:
    """One closing: the primary key of the pharmacy and its first closed day."""

    pk: int
    since: date | None


@dataclass(frozen=True)
class ClosingDecision:
    """The values of `closed_on` and `closing_waits` for a pharmacy that is in the file."""

    closed_on: date | None
    closing_waits: date | None
    # a new closing: the number of closings decides whether it waits for approval
    closes: bool


@dataclass(frozen=True)
class ClosingRule:
    """Decides what an end date in the file does on `day`; `takes_away` is false for an incomplete file."""

    day: date
    takes_away: bool

    def is_open(self, closed_on: date | None) -> bool:
        return closed_on is None or closed_on > self.day

    def decide(self, in_file: date | None, held: date | None, waits: date | None) -> ClosingDecision | None:
        """Compares the first closed day in the file with the stored `closed_on` (`held`) and `closing_waits` (`waits`).

        None: the row is ignored, because an incomplete file must not close a pharmacy.
        """
        if in_file is None:
            return ClosingDecision(None, None, closes=False)
        if not self.is_open(held):
            return ClosingDecision(in_file, None, closes=False)
        if held is not None and in_file >= held:
            return ClosingDecision(in_file, None, closes=False)
        if not self.takes_away:
            return None  # a later row of this code may be in the missing part of the file
        if waits is not None:
            return ClosingDecision(held, in_file, closes=False)
        return ClosingDecision(held, None, closes=True)


def too_many(closings: int, day: date, register: NationalRegister = NationalRegister.FARMACIE) -> bool:
    """True when the number of closings is so high that the file is probably wrong.

    More than REGISTER_CLOSINGS, and more than REGISTER_CLOSINGS_PER_THOUSAND of the open sites of this register.
    """
    still_open = Pharmacy.objects.of_register(register).open_on(day).count()
    share = settings.REGISTER_CLOSINGS_PER_THOUSAND * still_open
    return closings > settings.REGISTER_CLOSINGS and closings * 1000 > share


def absence_is_proven(file: RegisterImport, since: date) -> bool:
    """True when enough whole files of different days, this one included, lack a pharmacy that is absent since `since`."""
    if file.unnamed:
        return False
    of_register = RegisterImport.objects.filter(register=file.register)
    days = of_register.days_without(since, and_also=file.day)
    return days >= settings.REGISTER_ABSENT_FILES


def let_wait(closings: Sequence[Closing]) -> None:
    """Leaves the closings to an operator's approval: closes nothing and sends no letter."""
    for closing in closings:
        Pharmacy.objects.filter(pk=closing.pk).update(closing_waits=closing.since)


@transaction.atomic
def close(closings: Iterable[Closing], now: datetime, by: "User | None" = None, because: str = "") -> int:
    """Closes the pharmacies: writes their history, the letters to the certified addresses, the journal. Returns how many."""
    closed = []
    for closing in sorted(closings, key=lambda closing: closing.pk):
        Pharmacy.objects.hold(closing.pk)
        pharmacy = Pharmacy.objects.get(pk=closing.pk)
        before, pharmacy.closed_on = pharmacy.closed_on, closing.since
        pharmacy.closing_waits, pharmacy.closing_noted_at = None, now
        pharmacy.save(update_fields=["closed_on", "closing_waits", "closing_noted_at"])
        RegisterChange.objects.create(
            pharmacy=pharmacy,
            at=now,
            field="closed_on",
            was=history.as_text(before),
            became=history.as_text(closing.since),
        )
        closed.append(pharmacy)
    for pharmacy in closed:
        certification = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None).first()
        if certification is not None:
            letters.closing(certification, now, moves.moved_to(pharmacy))
    for pharmacy in closed:
        record(
            "register.closed", now=now, actor=by, about=pharmacy.code, since=f"{pharmacy.closed_on:%d/%m/%Y}",
            why=why(pharmacy), because=because, noun=pharmacy.noun,
        )  # fmt: skip
    return len(closed)


def why(pharmacy: Pharmacy) -> str:
    """Returns the reason of the closing, in plain Italian."""
    return "manca dal registro nazionale" if pharmacy.absent_since else "il registro nazionale ne dice la fine"


def confirm(keys: Sequence[int], by: "User | None", because: str, now: datetime) -> int:
    """Closes the pharmacies among these (primary keys) that still wait for approval. Returns how many.

    Raises ImportUnderWay: an import may be changing them.
    """
    with alone_with(Import.REGISTER):
        waiting = Pharmacy.objects.closing_to_confirm().filter(pk__in=keys).values_list("pk", "closing_waits")
        return close([Closing(pk, since) for pk, since in waiting], now, by, because)


def note_reopened(keys: Sequence[int], now: datetime) -> None:
    """Writes a journal entry for each pharmacy that the register reopened."""
    for start in range(0, len(keys), 1000):
        some = Pharmacy.objects.filter(pk__in=keys[start : start + 1000]).order_by("pk")
        some.update(closing_noted_at=None)
        for pharmacy in some:
            record("register.reopened", now=now, about=pharmacy.code, noun=pharmacy.noun)
