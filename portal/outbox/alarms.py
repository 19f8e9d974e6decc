"""What the staff must know of the mail at once: letters refused because of us, and dead mailboxes that wait for a decision."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, IntegerField, QuerySet, Value

from portal.outbox.models import DeadMailbox, OutgoingMail
from portal.outbox.models.letter import OutgoingMailQuerySet
from portal.outbox.reasons import Reason

LOOKS_BACK = timedelta(days=1)
NAMED = 3  # domains
_FOR_US, _HELD = range(2)


@dataclass(frozen=True)
class MailAlarms:
    """`for_us`: letters of the last day that have not arrived because servers refuse the portal (its sender, its address, its rate);
    `domains`: of most of them; `back`: how many of them have failed, and are not tried again. `held`: for each domain, how many of its mailboxes look dead and wait for an operator's word.
    """

    for_us: int
    domains: tuple[str, ...]
    held: tuple[tuple[str, int], ...]
    back: int = 0

    @property
    def waiting(self) -> int:
        """Of `for_us`, those that are still tried."""
        return self.for_us - self.back


def alarms(now: datetime) -> MailAlarms:
    """One query; the most letters, and the most mailboxes, first."""
    refused = letters_for_us(now).order_by().values("domain")
    refused = refused.annotate(many=Count("pk"), back=Count("failed_at"), kind=Value(_FOR_US, IntegerField()))
    held = DeadMailbox.objects.held().order_by().values("domain")
    held = held.annotate(many=Count("letter__recipient", distinct=True), back=Value(0, IntegerField()), kind=Value(_HELD, IntegerField()))  # fmt: skip
    names = ("kind", "domain", "many", "back")
    rows = sorted(
        refused.values_list(*names).union(held.values_list(*names), all=True), key=lambda row: (-row[2], row[1])
    )
    for_us = [(domain, many) for kind, domain, many, _ in rows if kind == _FOR_US]
    return MailAlarms(
        sum(many for _, many in for_us),
        tuple(domain for domain, _ in for_us if domain)[:NAMED],
        tuple((domain, many) for kind, domain, many, _ in rows if kind == _HELD),
        sum(back for kind, _, _, back in rows if kind == _FOR_US),
    )


def letters_for_us(now: datetime) -> OutgoingMailQuerySet:
    """Reads the index of such letters; one that arrived after all is none of them any more."""
    return OutgoingMail.objects.filter(reason=Reason.ABOUT_US, created_at__gt=now - LOOKS_BACK, withdrawn_at=None)


def ill_mail(now: datetime) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """A letter and a mailbox at most: is there any alarm at all? For a page that asks it with its other questions, in one query."""
    letter, mailbox = letters_for_us(now).values("pk")[:1], DeadMailbox.objects.held().values("pk")[:1]
    return OutgoingMail.objects.filter(pk__in=letter), DeadMailbox.objects.filter(pk__in=mailbox)
