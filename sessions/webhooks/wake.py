"""A courtesy to whoever waits for an answer: the timetable finds the call anyway."""

import logging

log = logging.getLogger(__name__)


def wake_the_worker() -> None:
    from sessions.tasks import call_webhooks  # the task imports the calls, the calls import the models

    try:
        call_webhooks.apply_async(retry=False)
    except Exception:
        log.info("The broker does not answer: the call waits for the timetable to find it.")
