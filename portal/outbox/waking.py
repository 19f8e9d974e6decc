"""Wakes a worker after a commit that wrote letters. A lost call only costs time: the timetable finds due letters anyway.

Makes one call per transaction, and with Redis one for all transactions until a worker answers: a thousand ids in a second do
not make a thousand calls. A broker that is down delays a page by a second at most, and raises nothing.
"""

import logging

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from portal.outbox.models import Priority
from portal.waking import wake

log = logging.getLogger(__name__)
CALL_STANDS_FOR = (
    2  # seconds: after this, the next commit repeats a call that no worker answered (it died, the queue is long)
)
URGENT, OTHER = "portal.outbox.tasks.deliver_urgent_mail", "portal.outbox.tasks.deliver_due_mail"


def wake_after_commit(priority: Priority) -> None:
    """Wakes a worker once the transaction that wrote the letter is committed. Call it in that transaction."""
    call = _for_urgent if priority <= Priority.ID else _for_the_rest
    already = any(function is call for _, function, *_ in connection.run_on_commit)
    if not already:
        transaction.on_commit(call, robust=True)


def answered(urgent: bool) -> None:
    """Clears the mark of the last call, so that later commits call again. A worker calls it before it claims letters."""
    if settings.REDIS_URL:
        try:
            cache.delete(_mark(urgent))
        except Exception:  # the mark expires after CALL_STANDS_FOR anyway
            log.debug("The cache does not answer.")


def call_again(*, urgent: bool) -> None:
    """Wakes a worker because more letters are due than one round could deliver."""
    _for_urgent() if urgent else _for_the_rest()


def _for_urgent() -> None:
    _call(URGENT, urgent=True)


def _for_the_rest() -> None:
    _call(OTHER, urgent=False)


def _call(task: str, *, urgent: bool) -> None:
    if _is_first_call(urgent):
        wake(task)


def _is_first_call(urgent: bool) -> bool:
    """True unless an earlier call waits for a worker's answer."""
    if not settings.REDIS_URL:  # each process has its own cache, in which no worker could clear the mark
        return True
    try:
        return cache.add(_mark(urgent), 1, timeout=CALL_STANDS_FOR)
    except Exception:
        log.debug("The cache does not answer.")
        return True


def _mark(urgent: bool) -> str:
    return "outbox-called-urgent" if urgent else "outbox-called"
