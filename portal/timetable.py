"""The scheduler of `celery beat`: wakes workers at the intervals of portal/celery.py, or runs the tasks itself without a broker."""

import logging
from threading import Thread
from typing import Any

from celery.beat import Scheduler
from django.db import connections

from portal.web import request_id

log = logging.getLogger(__name__)
# A message is left out when its queue holds UNHEARD_AT_LEAST messages, and UNHEARD_A_SECOND for each second of its interval: a
# frequent message is left out sooner, which leaves room for rare ones.
UNHEARD_AT_LEAST = 50
UNHEARD_A_SECOND = 10


class Timetable(Scheduler):
    """A scheduler without state, so that any number may run. Without the broker it runs the tasks itself, so letters still leave."""

    producer: Any = None  # Celery's would block until the broker answers; without it, each message fails by itself
    _rounds: dict[str, Thread] = {}
    _alone = False  # the broker did not take the last message; logged once
    _left_out = False  # the last message was left out, because no worker reads the queue; logged once

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        try:
            self._knock(entry)
        except Exception as error:
            if not self._alone:
                reason = type(error.__cause__ or error.__context__ or error).__name__
                log.warning("The broker does not answer (%s): the timetable does the rounds itself.", reason)
            self._alone = True
            self._do(entry.name, entry.task)
        else:
            if self._alone:
                log.warning("The broker answers again: the workers do the rounds.")
            self._alone = False

    def _knock(self, entry: Any) -> None:
        """Sends the message of an entry, unless its queue holds many unread messages, which wake the workers just as well."""
        queue = self.app.amqp.router.route({}, entry.task)["queue"].name
        waiting = self._waiting(queue)
        leaves_out = waiting >= max(UNHEARD_AT_LEAST, UNHEARD_A_SECOND * entry.schedule.seconds)
        if leaves_out and not self._left_out:
            log.warning("%d messages wait in the queue %s and no worker takes them.", waiting, queue)
        self._left_out = leaves_out
        if not leaves_out:
            self.apply_async(entry, advance=False)

    def _waiting(self, queue: str) -> int:
        """The number of messages in this queue of the broker; 0 when the queue does not exist yet."""
        with self.app.producer_or_acquire() as producer:
            try:
                return int(producer.channel.queue_declare(queue, passive=True).message_count)
            except producer.connection.channel_errors:
                return 0

    def _do(self, name: str, task: str) -> None:
        """Runs a task in its own thread, so that a slow one does not delay the others; skips one that still runs."""
        running = self._rounds.get(name)
        if running is None or not running.is_alive():
            self._rounds[name] = Thread(target=_run, args=(self.app.tasks[task],), name=name, daemon=True)
            self._rounds[name].start()


def _run(task: Any) -> None:
    request_id.current.set(request_id.taken_or_made(""))
    try:
        task()
    except Exception:
        log.exception("The round of %s failed: the next one tries again.", task.name)
    finally:
        connections.close_all()
