"""The Celery app: queues and the whole timetable. Celery only wakes workers; due work is in the database, and claimed there.

Any number of workers and timetables may run, on any number of machines: every task may run concurrently with itself. Each
setting stands here with its reason; the address and the timeouts of the broker are in settings.py.
"""

import os
import sys
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal", task_cls="portal.watch.tasks:ClockedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")  # only the settings that depend on the environment
import_module("portal.watch.tasks")  # registers itself with Celery
if (
    "portal.wsgi" not in sys.modules
):  # a web process takes no messages, and kombu's part for Redis is 6 MB of its memory
    import_module("portal.lost_broker").mend()

# A message carries no work: it wakes a worker, which asks the database what is due. A lost message delays the work until the
# next one of the timetable (EVERY), and a duplicate costs an empty query.
app.conf.update(
    # Three queues, so that urgent work never waits behind other work. `urgent`: codes and ids, for which a person waits.
    # `bulk`: every other letter. `timetable`: all other work of the timetable.
    task_default_queue="timetable",
    task_routes={"portal.outbox.tasks.deliver_urgent_mail": "urgent", "portal.outbox.tasks.deliver_due_mail": "bulk"},
    # The broker redelivers the message of a killed worker to another (after visibility_timeout, see settings.py).
    task_acks_late=True,
    # But not the message of a child process killed alone: a message that kills every child would be redelivered for ever. The
    # rows stay due.
    task_reject_on_worker_lost=False,
    # When the broker is lost, running tasks go on: a child stopped between the text of a letter and the server's answer would
    # send the letter twice.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # A worker takes only a message that it can begin at once, and leaves the next one to a free worker.
    worker_prefetch_multiplier=1,
    # A round of letters takes a minute at most and ends with one conversation of four answers (EMAIL_TIMEOUT each). A longer
    # task hangs: Celery kills and replaces its child, and its rows become free when their lease ends. Shorter than the
    # visibility_timeout, so that the broker does not redeliver the message of a running task.
    task_time_limit=240,  # seconds
    # No task uses ETA or countdown: a worker would hold it in memory, and the broker would redeliver it at every
    # visibility_timeout. Later work is a row with its instant, found by the timetable.
    # No code reads results. Publishing is not retried: a page that wakes a worker has no time for that.
    task_ignore_result=True,
    task_publish_retry=False,
    # A worker reconnects to the broker without limit, also at its start.
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    timezone="UTC",
    # It keeps no state, so several may run; without the broker it runs the tasks itself.
    beat_scheduler="portal.timetable:Timetable",
)
app.autodiscover_tasks(["portal.outbox", "portal.identity", "portal.journal", "pharmacies", "sessions"])

# Name: (task, interval in seconds). No interval is longer than ten minutes: a timetable counts from its start, and one that
# restarts often would never reach a longer one. A task with rarer work asks the database what is due. Messages do not expire: a
# worker whose clock is ahead would drop them. Timetable keeps unread messages from piling up.
EVERY = {
    "deliver urgent mail": ("portal.outbox.tasks.deliver_urgent_mail", 5),
    "deliver due mail": ("portal.outbox.tasks.deliver_due_mail", 10),
    "settle dead mailboxes": ("portal.outbox.tasks.settle_dead_mailboxes", 60),
    "clear marks of addresses": ("pharmacies.tasks.clear_marks", 300),
    "ask to confirm addresses": ("pharmacies.tasks.ask_to_confirm", 600),
    "tell requests of people": ("pharmacies.tasks.tell_role_requests", 300),
    "refresh registers": ("pharmacies.tasks.refresh_registers", 600),
    "send due reminders": ("sessions.tasks.send_due_reminders", 15),
    "prepare openings": ("sessions.tasks.prepare_openings", 30),
    "call webhooks": ("sessions.tasks.call_webhooks", 15),
    "advance bulk jobs": ("sessions.tasks.advance_bulk_jobs", 10),
    "forget dead ids": ("sessions.tasks.forget_dead_ids", 60),
    "purge old rows": ("sessions.tasks.purge_old_rows", 600),
    "purge logins": ("portal.identity.tasks.purge_logins", 600),
    "refresh identity providers": ("portal.identity.tasks.refresh_identity_providers", 600),
    "seal logins": ("portal.identity.tasks.seal_logins", 60),
    "seal journal": ("portal.journal.tasks.seal_journal", 60),
    "purge journal": ("portal.journal.tasks.purge_journal", 600),
}
app.conf.beat_schedule = {name: {"task": task, "schedule": float(seconds)} for name, (task, seconds) in EVERY.items()}


@worker_init.connect
@beat_init.connect
def bound_the_database(**kwargs: Any) -> None:
    """Sets the bounds of tasks before the first connection, and before a worker forks its children."""
    from portal import installation
    from portal.database import bounds  # here: it reads the settings

    bounds.for_tasks()
    try:
        installation.look_at_the_start()
    except installation.ForeignDatabase as error:  # Celery logs any other exception of a signal, and goes on
        raise SystemExit(f"The portal cannot start: {error}") from error
