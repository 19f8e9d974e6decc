"""Alarms for the staff: letters that servers refuse because of the portal, and dead mailboxes that wait for a decision."""

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
    """The alarms of the last day."""

    # letters that have not arrived because servers refuse the portal (its sender, its address, its rate)
    for_us: int
    # the recipient domains with most of these letters, at most NAMED
    domains: tuple[str, ...]
    # (domain, mailboxes that look dead and wait for an operator's decision)
    held: tuple[tuple[str, int], ...]
    # the part of `for_us` that has failed for good
    back: int = 0

    @property
    def waiting(self) -> int:
        """The part of `for_us` that is still retried."""
        return self.for_us - self.back


def alarms(now: datetime) -> MailAlarms:
    """Reads the alarms in one query; the domains with the most letters, or mailboxes, come first."""
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
    """Letters of the last day that servers refuse because of the portal, by a partial index; not those that arrived later."""
    return OutgoingMail.objects.filter(reason=Reason.ABOUT_US, created_at__gt=now - LOOKS_BACK, withdrawn_at=None)


def ill_mail(now: datetime) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """One refused letter and one held mailbox at most, for a page that only asks whether there is an alarm, in a larger query."""
    letter, mailbox = letters_for_us(now).values("pk")[:1], DeadMailbox.objects.held().values("pk")[:1]
    return OutgoingMail.objects.filter(pk__in=letter), DeadMailbox.objects.filter(pk__in=mailbox)
