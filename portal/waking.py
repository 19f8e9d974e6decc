"""Wakes a worker by the name of a task. A lost message only costs time: the timetable finds the due rows anyway."""

import logging

from django.db import transaction
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)
_unanswered = False  # the broker did not take the last message; logged once, not at every message


def wake(task: str) -> None:
    """Sends one message for the task with this dotted name. Tries once, waits a second at most, raises nothing.

    It takes a name because the modules that write work cannot import the tasks, which import these modules.
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
    """Calls wake() once the current transaction is committed."""
    transaction.on_commit(lambda: wake(task), robust=True)
