"""Workers, queues and the whole timetable. Celery only wakes somebody up: what is due is in the database, and claimed there.

Any number of workers and of timetables may run, on any number of machines: every task may run twice and at the same time.
Each setting stands here with its reason; the address of the broker and its patience are in settings.py.
"""

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

from portal import lost_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal", task_cls="portal.watch.tasks:ClockedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")  # only what depends on the environment
import_module("portal.watch.tasks")  # registers itself with Celery
lost_broker.mend()

# A message carries no work, only a knock at the door: whoever hears it asks the database what is due. So none is precious,
# a lost one costs until the next knock of the timetable (EVERY), and a doubled one an empty query.
app.conf.update(
    # Three queues, so that nothing stands behind what can wait. `urgent`: codes and ids, a person is waiting. `bulk`: every
    # other letter. `timetable`: all that the timetable wakes beside the letters.
    task_default_queue="timetable",
    task_routes={"portal.outbox.tasks.deliver_urgent_mail": "urgent", "portal.outbox.tasks.deliver_due_mail": "bulk"},
    # The knock of a worker that was killed is heard by another (visibility_timeout in settings.py says when).
    task_acks_late=True,
    # But not that of a child killed alone: what kills every child that hears it would go round for ever. The rows stay due.
    task_reject_on_worker_lost=False,
    # When the broker is lost, what is being worked on goes on: a child stopped between the text of a letter and the server's
    # answer would send it twice.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # A worker takes no message that it cannot begin: the next one belongs to whoever is free.
    worker_prefetch_multiplier=1,
    # A round of letters takes a minute at most and ends with one conversation of four answers (EMAIL_TIMEOUT each). What
    # takes longer hangs: its child is killed and replaced, its rows come free with their lease. Shorter than the
    # visibility_timeout, so that no message is given out again while it is being worked on.
    task_time_limit=240,  # seconds
    # No task is sent for later (ETA, countdown): a worker would hold it in memory, and it would come back at every
    # visibility_timeout. What happens later is a row with its instant, found by the timetable.
    # Nobody reads results, and a broker that is down is not tried again: the page that knocks has no time for that.
    task_ignore_result=True,
    task_publish_retry=False,
    # A worker waits for a broker that is away as long as it takes, also at its start.
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    timezone="UTC",
    # Several may run, none remembers anything, and without the broker they do the rounds themselves.
    beat_scheduler="portal.timetable:Timetable",
)
app.autodiscover_tasks(["portal.outbox", "portal.identity", "portal.journal", "pharmacies", "sessions"])

# Name: (task, every how many seconds). None is rarer than ten minutes: a timetable counts from its start, and one that restarts
# often would never come to it. What is due less often, the task asks the database. A knock has no instant of expiry: a worker
# whose clock is ahead would drop it unheard. What nobody hears does not pile up all the same: see Timetable.
EVERY = {
    "deliver urgent mail": ("portal.outbox.tasks.deliver_urgent_mail", 5),
    "deliver due mail": ("portal.outbox.tasks.deliver_due_mail", 10),
    "settle dead mailboxes": ("portal.outbox.tasks.settle_dead_mailboxes", 60),
    "clear marks of addresses": ("pharmacies.tasks.clear_marks", 300),
    "send due reminders": ("sessions.tasks.send_due_reminders", 15),
    "call webhooks": ("sessions.tasks.call_webhooks", 15),
    "advance bulk jobs": ("sessions.tasks.advance_bulk_jobs", 10),
    "forget dead ids": ("sessions.tasks.forget_dead_ids", 60),
    "purge old rows": ("sessions.tasks.purge_old_rows", 600),
    "purge logins": ("portal.identity.tasks.purge_logins", 600),
    "refresh identity providers": ("portal.identity.tasks.refresh_identity_providers", 600),
    "refresh trust chains": ("portal.identity.tasks.refresh_trust_chains", 600),
    "seal logins": ("portal.identity.tasks.seal_logins", 60),
    "seal journal": ("portal.journal.tasks.seal_journal", 60),
    "purge journal": ("portal.journal.tasks.purge_journal", 600),
}
app.conf.beat_schedule = {name: {"task": task, "schedule": float(seconds)} for name, (task, seconds) in EVERY.items()}


@worker_init.connect
@beat_init.connect
def bound_the_database(**kwargs: Any) -> None:
    """Before the first connection, and before a worker makes its children."""
    from portal.database import bounds  # asks the settings

    bounds.for_tasks()
