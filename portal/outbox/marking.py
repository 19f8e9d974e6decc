"""Decides when a refusal proves a mailbox dead, with a brake: many at once are probably a server's fault, and an operator decides.

found() writes the refusal down in the transaction that fails the letter. settle() marks the addresses after that commit, in
transactions of its own, because marking takes locks that come before the letter's. The timetable calls settle() too, for the
rows of a worker that died.
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
PERMANENT = (Reason.DEAD, Reason.UNKNOWN)  # repeated final refusals with these reasons prove a mailbox dead
LOOKED_AT = 100  # the newest letters of one mailbox


def found(letter: OutgoingMail, reading: Reading, now: datetime) -> bool:
    """Writes down that the refusal of a failed letter proves its mailbox dead; False when it does not prove it.

    Call it in the transaction that failed the letter.
    """
    if not _proves(letter, reading):
        return False
    DeadMailbox.objects.get_or_create(letter=letter, defaults={"domain": letter.domain, "found_at": now})
    return True


def settle(now: datetime) -> None:
    """Marks the open dead mailboxes, or holds all of the last hour when there are too many. May run concurrently."""
    _brake(now)
    for dead in (
        DeadMailbox.objects.open().order_by("found_at", "pk").select_related("letter").defer("letter__sealed_source")
    ):
        _tell(dead, now)
        _brake(now)  # another worker may have marked others meanwhile


def confirm(domain: str, now: datetime) -> int:
    """Marks the held mailboxes of this domain, as an operator decided; skips mailboxes that took a later letter.

    Returns the number of refused letters behind them. Call it outside a transaction: each mailbox is marked in its own, which
    locks a pharmacy.
    """
    return _decide(domain, now, dead=True)


def dismiss(domain: str, now: datetime) -> int:
    """Closes the held mailboxes of this domain without marking, as an operator decided; returns the number of letters."""
    return _decide(domain, now, dead=False)


def is_delivered(letter: OutgoingMail, now: datetime) -> bool:
    """True when the letter arrived, as far as the portal can know.

    A report confirms it, the recipient's own server accepted it, or a relay accepted it and no report came back in
    RELAY_SILENT_FOR.
    """
    if letter.accepted_at is None or letter.failed_at is not None:
        return letter.delivered_at is not None and letter.failed_at is None
    if letter.delivered_at is not None or is_own(letter.domain):
        return True
    return letter.accepted_at <= now - settings.RELAY_SILENT_FOR and not Bounce.objects.filter(letter=letter).exists()


def is_own(domain: str) -> bool:
    """True when the server of EMAIL_URL holds the mailboxes of this domain, so that its 2xx is a delivery; it relays others."""
    return any(name == "*" or name.lower() == domain for name in settings.EMAIL_OWN_DOMAINS)


def _proves(letter: OutgoingMail, reading: Reading) -> bool:
    if reading.reason is Reason.DEAD and reading.is_explicit:
        return True
    return reading.reason in PERMANENT and _is_repeated(letter)


def _is_repeated(letter: OutgoingMail) -> bool:
    """True when enough letters in a row were refused for good, over REFUSALS_FOR, with no delivery between."""
    newest = OutgoingMail.objects.filter(about=letter.about, recipient__iexact=letter.recipient).defer("sealed_source")
    refused: list[datetime] = []
    for earlier in newest.order_by("-created_at", "-pk")[:LOOKED_AT]:
        if earlier.failed_at is not None and earlier.reason in PERMANENT:
            refused.append(earlier.failed_at)
        elif refused and is_delivered(earlier, max(refused)):
            break
    if len(refused) < settings.REFUSALS_IN_A_ROW:
        return False
    lasted: timedelta = max(refused) - min(refused)
    return lasted >= settings.REFUSALS_FOR


def _tell(dead: DeadMailbox, now: datetime) -> None:
    """Calls the listeners first: their locks come before those on the letter and its rows."""
    with transaction.atomic():
        _tell_unless_it_works(dead.letter, now)
        DeadMailbox.objects.open().filter(pk=dead.pk).update(told_at=now)


def _tell_unless_it_works(letter: OutgoingMail, now: datetime) -> None:
    """Calls the listeners, unless a later letter was delivered: an operator may decide, and a report arrive, days later."""
    since = OutgoingMail.objects.filter(
        about=letter.about, recipient__iexact=letter.recipient, created_at__gt=letter.created_at
    )
    newest = since.defer("sealed_source").order_by("-created_at", "-pk")[:LOOKED_AT]
    if not any(is_delivered(later, now) for later in newest):
        mailbox_news.tell(letter, words_of(letter.last_answer, letter.reason), now)


def _brake(now: datetime) -> None:
    """Holds the mailboxes found within an hour when there are too many, of one domain or in all, and takes their marks back."""
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
    for mailbox in held.order_by("pk"):
        with transaction.atomic():
            if dead:  # first: its locks come before those on the letter and its rows
                _tell_unless_it_works(mailbox.letter, now)
            decided += DeadMailbox.objects.held().filter(pk=mailbox.pk).update(decided_at=now)
    return decided
