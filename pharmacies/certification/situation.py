"""The state of a pharmacy's mailbox for a card: no mail, a code to type, certified, unreachable."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from pharmacies.certification.code_facts import CodeFacts
from pharmacies.certification.mailbox_trouble import MailboxTrouble, trouble_of
from pharmacies.certification.succession import Succession, succession_of
from pharmacies.models import MailCertification, Office, Pharmacy
from portal.database.composed import Composed


@dataclass(frozen=True)
class Situation:
    """The facts about one pharmacy that a card or a summary shows."""

    pharmacy: Pharmacy
    current: MailCertification | None
    under_way: MailCertification | None
    codes: CodeFacts | None = None  # of the request under way
    succession: Succession | None = None  # the address in force waits for a holder's confirmation

    @property
    def is_unreachable(self) -> bool:
        """True when the certified address refuses mail."""
        return self.current is not None and self.current.refuses_mail

    @cached_property
    def trouble(self) -> MailboxTrouble | None:
        """The trouble with the address in force; None without trouble or address."""
        return trouble_of(self.current) if self.current is not None else None

    @property
    def mail_pill(self) -> tuple[str, str]:
        """Colour and words for the address in force."""
        if self.trouble is not None:
            return self.trouble.kind, self.trouble.pill
        return ("warn", gettext("Da confermare")) if self.succession is not None else ("ok", "Certificata")

    @property
    def pill(self) -> tuple[str, str]:
        """Colour and words for the most urgent fact."""
        if self.trouble is not None:
            return self.mail_pill
        if self.under_way is not None and self.under_way.refuses_mail:
            return "bad", "Non raggiungibile"
        if self.under_way is not None:
            return "warn", "Codice da inserire"
        if self.succession is not None:
            return "warn", gettext("Mail da confermare")
        return ("ok", "Mail certificata") if self.current is not None else ("off", "Nessuna mail")


def situation_of(pharmacy: Pharmacy, now: datetime) -> Situation:
    return situations_of([pharmacy], now)[pharmacy.pk]


def situations_of(pharmacies: Sequence[Pharmacy], now: datetime) -> dict[int, Situation]:
    """The situation of each pharmacy by its key. One query for the addresses of all; more for each request under way."""
    keys = [pharmacy.pk for pharmacy in pharmacies]
    by_pharmacy: dict[int, list[MailCertification]] = defaultdict(list)
    for row in _OF_ONE.all(keys[0], now) if len(keys) == 1 else _addresses(keys, now):
        by_pharmacy[row.pharmacy_id].append(row)
    return {pharmacy.pk: _situation(pharmacy, by_pharmacy[pharmacy.pk], now) for pharmacy in pharmacies}


def _addresses(pharmacies: Sequence[int], now: datetime) -> "QuerySet[MailCertification]":
    """The addresses in force and the pending requests of these pharmacies (keys)."""
    rows = MailCertification.objects.filter(pharmacy__in=pharmacies)
    pending = rows.pending(now).order_by().values("pk")
    wanted = rows.filter(Q(pk__in=rows.current().values("pk")) | Q(pk__in=pending))
    return wanted.select_related("certified_by", "confirmed_by", "pharmacy")


_OF_ONE = Composed(lambda pharmacy, now: _addresses([pharmacy], now))


def _situation(pharmacy: Pharmacy, rows: list[MailCertification], now: datetime) -> Situation:
    """`rows`: the address in force and the pending requests."""
    current = next((row for row in rows if row.is_current), None)
    pending = [row for row in rows if not row.is_current]
    under_way = max(pending, key=lambda row: (row.requested_at, row.pk), default=None)
    codes = CodeFacts.of(under_way, now) if under_way is not None else None
    return Situation(pharmacy, current, under_way, codes, succession_of(current, now))


@dataclass(frozen=True)
class PharmacyCard:
    """One pharmacy to choose, with the person's strongest office in it."""

    office: Office
    situation: Situation


def cards(offices: Iterable[Office], now: datetime) -> list[PharmacyCard]:
    """Returns one card for each pharmacy, in the given order; a person who is titolare and delegate acts as titolare."""
    best: dict[int, Office] = {}
    for office in offices:
        held = best.get(office.pharmacy_id)
        if held is None or (office.may_certify and not held.may_certify):
            best[office.pharmacy_id] = office
    situations = situations_of([office.pharmacy for office in best.values()], now)
    return [PharmacyCard(office, situations[office.pharmacy_id]) for office in best.values()]
