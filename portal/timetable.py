"""`celery beat`: knocks at the workers' door at the times of portal/celery.py; does the round itself when the broker is away."""

import logging
from threading import Thread
from typing import Any

from celery.beat import Scheduler
from django.db import connections

from portal.web import request_id

log = logging.getLogger(__name__)
UNHEARD_AT_LEAST = 50  # messages in a queue before a knock is left out
UNHEARD_A_SECOND = 10  # the rarer a knock, the later it is left out: what comes often leaves room for what comes seldom


class Timetable(Scheduler):
    """Remembers nothing, so that any number of them may run. A lost Redis costs a round and not the day: nothing has to come
    back for the letters to leave.
    """

    producer: Any = (
        None  # Celery's own would wait here until the broker answers; without it, each knock fails by itself
    )
    _rounds: dict[str, Thread] = {}
    _alone = False  # the broker did not take the last knock: said once
    _left_out = False  # the last knock was left out, because the workers do not hear: said once

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
        """Sends it, unless its queue is full of knocks that nobody has heard: they do the same work as one more would."""
        queue = self.app.amqp.router.route({}, entry.task)["queue"].name
        waiting = self._waiting(queue)
        leaves_out = waiting >= max(UNHEARD_AT_LEAST, UNHEARD_A_SECOND * entry.schedule.seconds)
        if leaves_out and not self._left_out:
            log.warning("%d messages wait in the queue %s and no worker takes them.", waiting, queue)
        self._left_out = leaves_out
        if not leaves_out:
            self.apply_async(entry, advance=False)

    def _waiting(self, queue: str) -> int:
        """How many messages the broker holds for this queue; 0 when nobody has declared it yet."""
        with self.app.producer_or_acquire() as producer:
            try:
                return int(producer.channel.queue_declare(queue, passive=True).message_count)
            except producer.connection.channel_errors:
                return 0

    def _do(self, name: str, task: str) -> None:
        """In a thread of its own, so that a slow round does not hold up the others; not twice at once."""
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
