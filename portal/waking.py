"""Wakes a worker by the name of a task. The message is a courtesy: the timetable finds the due rows anyway."""

import logging

from django.db import transaction
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)
_unanswered = False  # the broker did not answer the last message: logged once, not at every message


def wake(task: str) -> None:
    """Sends one message for the task with this dotted name. Tries once, waits a second at most and raises nothing.

    The name keeps modules that write work from importing the tasks, which import them.
    """
    global _unanswered  # noqa: PLW0603  one process, one log line for one broker
    try:
        import_string(task).apply_async(retry=False)
    except Exception:
        if not _unanswered:
            log.warning("The broker does not answer: due work waits for the timetable.")
        _unanswered = True
    else:
        _unanswered = False


def wake_after_commit(task: str) -> None:
    """As wake(), once the transaction under way is committed."""
    transaction.on_commit(lambda: wake(task), robust=True)
