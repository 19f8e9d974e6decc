"""When a refusal proves that a mailbox is dead, and the brake: many at once are a mail server's bad day until an operator says no.

A refusal is written down first (found()), in the transaction that fails its letter; its addresses are marked after that commit
(settle()), in transactions of their own: marking takes locks that come before the letter's. The timetable settles what a worker
that died left open.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from portal.outbox.hooks import mailbox_news
from portal.outbox.letter_outcome import reason as words_of
from portal.outbox.models import Bounce, DeadMailbox, OutgoingMail
from portal.outbox.reasons import Reading, Reason

log = logging.getLogger(__name__)
PERMANENT = (Reason.DEAD, Reason.UNKNOWN)  # of a refusal for good: a second look, and a third, may make it a proof
LOOKED_AT = 100  # letters of one mailbox, the newest


def found(letter: OutgoingMail, reading: Reading, now: datetime) -> bool:
    """Writes down that this refusal of the letter, which has failed, proves its mailbox dead; False when it does not.

    To be called in the transaction that failed the letter.
    """
    if not _proves(letter, reading):
        return False
    DeadMailbox.objects.get_or_create(letter=letter, defaults={"domain": letter.domain, "found_at": now})
    return True


def settle(now: datetime) -> None:
    """Marks what was found and not cared for yet, or holds all of the last hour when there are too many. May run twice."""
    _brake(now)
    for dead in (
        DeadMailbox.objects.open().order_by("found_at", "pk").select_related("letter").defer("letter__sealed_source")
    ):
        _tell(dead, now)
        _brake(now)  # another worker may have told of others meanwhile


def confirm(domain: str, now: datetime) -> int:
    """An operator says that the held mailboxes of this domain are dead: they are marked, each in a transaction of its own, but
    for those that worked since. How many letters said so. Outside a transaction: marking locks one pharmacy after the other.
    """
    return _decide(domain, now, dead=True)


def dismiss(domain: str, now: datetime) -> int:
    """An operator says that it was a server's mistake: nobody is marked. How many letters said so."""
    return _decide(domain, now, dead=False)


def is_delivered(letter: OutgoingMail, now: datetime) -> bool:
    """It arrived, as far as can be known: a report says so, the recipient's own server took it, or a relay did and no report
    came back in RELAY_SILENT_FOR.
    """
    if letter.accepted_at is None or letter.failed_at is not None:
        return letter.delivered_at is not None and letter.failed_at is None
    if letter.delivered_at is not None or is_own(letter.domain):
        return True
    return letter.accepted_at <= now - settings.RELAY_SILENT_FOR and not Bounce.objects.filter(letter=letter).exists()


def is_own(domain: str) -> bool:
    """The server of EMAIL_URL keeps the mailboxes of this domain: its yes is a delivery. It relays all others."""
    return any(name == "*" or name.lower() == domain for name in settings.EMAIL_OWN_DOMAINS)


def _proves(letter: OutgoingMail, reading: Reading) -> bool:
    if reading.reason is Reason.DEAD and reading.is_explicit:
        return True
    return reading.reason in PERMANENT and _is_repeated(letter)


def _is_repeated(letter: OutgoingMail) -> bool:
    """Letter after letter was refused for good, for long enough, and none was delivered between."""
    newest = OutgoingMail.objects.filter(about=letter.about, recipient__iexact=letter.recipient).defer("sealed_source")
    refused: list[datetime] = []
    for each in newest.order_by("-created_at", "-pk")[:LOOKED_AT]:
        if each.failed_at is not None and each.reason in PERMANENT:
            refused.append(each.failed_at)
        elif refused and is_delivered(each, max(refused)):
            break
    if len(refused) < settings.REFUSALS_IN_A_ROW:
        return False
    lasted: timedelta = max(refused) - min(refused)
    return lasted >= settings.REFUSALS_FOR


def _tell(dead: DeadMailbox, now: datetime) -> None:
    """The listeners first: their locks come before the letter's and what hangs on it."""
    with transaction.atomic():
        _tell_unless_it_works(dead.letter, now)
        DeadMailbox.objects.open().filter(pk=dead.pk).update(told_at=now)


def _tell_unless_it_works(letter: OutgoingMail, now: datetime) -> None:
    """Nothing when a letter written after this one was delivered: an operator decides days later, and a report may be late too."""
    since = OutgoingMail.objects.filter(
        about=letter.about, recipient__iexact=letter.recipient, created_at__gt=letter.created_at
    )
    newest = since.defer("sealed_source").order_by("-created_at", "-pk")[:LOOKED_AT]
    if not any(is_delivered(each, now) for each in newest):
        mailbox_news.tell(letter, words_of(letter.last_answer, letter.reason), now)


def _brake(now: datetime) -> None:
    """Too many mailboxes within an hour, of one domain or in all: whatever was told of them is taken back, and staff are asked."""
    counted = DeadMailbox.objects.counting(now)
    by_domain: dict[str, set[str]] = {}
    for domain, recipient in counted.values_list("domain", "letter__recipient"):
        by_domain.setdefault(domain, set()).add(recipient.lower())
    if sum(map(len, by_domain.values())) > settings.DEAD_MAILBOXES_IN_ALL:
        _hold(counted, now)
        return
    many = [domain for domain, mailboxes in by_domain.items() if len(mailboxes) > settings.DEAD_MAILBOXES_OF_A_DOMAIN]
    if many:
        _hold(counted.filter(domain__in=many), now)


def _hold(counted: "QuerySet[DeadMailbox]", now: datetime) -> None:
    fresh = counted.filter(held_at=None).select_related("letter").defer("letter__sealed_source").order_by("pk")
    held = 0
    for dead in fresh:
        with transaction.atomic():
            if dead.told_at is not None:
                mailbox_news.take_back(dead.letter, dead.told_at, now)
            held += DeadMailbox.objects.filter(pk=dead.pk, held_at=None).update(told_at=None, held_at=now)
    if held:
        log.warning("%d more mailboxes look dead within an hour: none is marked, the staff are asked.", held)


def _decide(domain: str, now: datetime, *, dead: bool) -> int:
    held = DeadMailbox.objects.held().filter(domain=domain).select_related("letter").defer("letter__sealed_source")
    decided = 0
    for each in held.order_by("pk"):
        with transaction.atomic():
            if dead:  # first: its locks come before the letter's and what hangs on it
                _tell_unless_it_works(each.letter, now)
            decided += DeadMailbox.objects.held().filter(pk=each.pk).update(decided_at=now)
    return decided
