"""Gives each task the id of the request that woke it, in a header of the message, and measures how long tasks take."""

import logging
from time import perf_counter
from typing import Any

from celery import Task
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun
from django.db import DatabaseError

from portal import measures
from portal.database.contention import is_busy
from portal.time import database_clock
from portal.web import request_id

HEADER = "request_id"
log = logging.getLogger(__name__)
_started: dict[str, float] = {}


@before_task_publish.connect
def give_the_number(headers: dict[str, Any], **kwargs: Any) -> None:
    if number := request_id.current.get():
        headers[HEADER] = number


@task_prerun.connect
def take_the_number(task_id: str, task: Any, **kwargs: Any) -> None:
    """Uses the task's own id for a task of the timetable, which no request woke."""
    request_id.current.set(request_id.taken_or_made(str(getattr(task.request, HEADER, None) or task_id)))
    _started[task_id] = perf_counter()


@task_postrun.connect
def count(task_id: str, task: Any, **kwargs: Any) -> None:
    measures.TASKS.labels(task.name).observe(perf_counter() - _started.pop(task_id, perf_counter()))
    request_id.current.set("")


class ClockedTask(Task):  # type: ignore[type-arg]  # not subscriptable at run time
    """Base class of the portal's tasks.

    Does nothing while the clock of this machine is astray, and gives up when the database is still busy after the retries:
    another worker, or the next message of the timetable, does the work.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return None if database_clock.is_astray() else super().__call__(*args, **kwargs)
        except DatabaseError as error:
            if not is_busy(error):
                raise
            log.warning("%s found the database busy: the next tick does it.", self.name)


@setup_logging.connect
def leave_logging_to_django(**kwargs: Any) -> None:
    """Does nothing: a receiver of this signal keeps Celery from configuring logging."""
