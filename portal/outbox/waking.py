"""Calls a worker after a commit that wrote letters. A courtesy: the timetable finds them anyway.

One call for each transaction, and with Redis one for all transactions until a worker answers it: a thousand ids in a second
do not become a thousand calls. A broker that is down costs a page a second at most, and raises nothing.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from portal.outbox.models import Priority

log = logging.getLogger(__name__)
CALL_STANDS_FOR = 2  # seconds: a call that no worker answered (it died, the queue is long) is made again after this
_unheard = False  # the broker did not answer the last call: said once, not at every letter


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
    from portal.outbox.tasks import deliver_urgent_mail  # the task imports delivery, delivery imports models

    _call(deliver_urgent_mail.apply_async, urgent=True)


def _for_the_rest() -> None:
    from portal.outbox.tasks import deliver_due_mail

    _call(deliver_due_mail.apply_async, urgent=False)


def _call(apply_async: Callable[..., object], *, urgent: bool) -> None:
    global _unheard  # noqa: PLW0603  one process, one word about one broker
    try:
        # without Redis each process has a cache of its own: nobody could tell it that the call was answered
        if not settings.REDIS_URL or cache.add(_mark(urgent), 1, timeout=CALL_STANDS_FOR):
            apply_async(retry=False)
    except Exception:
        if not _unheard:
            log.warning("The broker does not answer: letters wait for the timetable to find them.")
        _unheard = True
    else:
        _unheard = False


def _mark(urgent: bool) -> str:
    return "outbox-called-urgent" if urgent else "outbox-called"
