"""Calls a worker after a commit that wrote letters. A courtesy: the timetable finds them anyway.

One call for each transaction, and with Redis one for all transactions until a worker answers it: a thousand ids in a second
do not become a thousand calls. A broker that is down costs a page a second at most, and raises nothing.
"""

import logging

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from portal.outbox.models import Priority
from portal.waking import wake

log = logging.getLogger(__name__)
CALL_STANDS_FOR = 2  # seconds: a call that no worker answered (it died, the queue is long) is made again after this
URGENT, OTHER = "portal.outbox.tasks.deliver_urgent_mail", "portal.outbox.tasks.deliver_due_mail"


def wake_after_commit(priority: Priority) -> None:
    """To be called in the transaction that wrote the letter."""
    call = _for_urgent if priority <= Priority.ID else _for_the_rest
    already = any(function is call for _, function, *_ in connection.run_on_commit)
    if not already:
        transaction.on_commit(call, robust=True)


def answered(urgent: bool) -> None:
    """A worker begins its round: letters committed from now on deserve a new call. Before it claims anything."""
    if settings.REDIS_URL:
        try:
            cache.delete(_mark(urgent))
        except Exception:  # it lasts CALL_STANDS_FOR anyway
            log.debug("The cache does not answer.")


def call_again(*, urgent: bool) -> None:
    """More is due than one round could do."""
    _for_urgent() if urgent else _for_the_rest()


def _for_urgent() -> None:
    _call(URGENT, urgent=True)


def _for_the_rest() -> None:
    _call(OTHER, urgent=False)


def _call(task: str, *, urgent: bool) -> None:
    if _is_first_call(urgent):
        wake(task)


def _is_first_call(urgent: bool) -> bool:
    """True unless a call that no worker has answered yet stands for this one too."""
    if not settings.REDIS_URL:  # each process has a cache of its own: no worker could clear the mark in it
        return True
    try:
        return cache.add(_mark(urgent), 1, timeout=CALL_STANDS_FOR)
    except Exception:
        log.debug("The cache does not answer.")
        return True


def _mark(urgent: bool) -> str:
    return "outbox-called-urgent" if urgent else "outbox-called"
