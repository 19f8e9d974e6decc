"""The worker and the whole timetable. Celery only wakes somebody up: what is due is in the database.

Several timetables and several workers may run: every task may run twice and at the same time.
"""

import os
from importlib import import_module

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
import_module("portal.watch.tasks")  # registers itself with Celery
app.autodiscover_tasks(["portal.outbox", "portal.identity", "portal.journal", "pharmacies", "sessions"])

EVERY = {
    "deliver due mail": ("portal.outbox.tasks.deliver_due_mail", 10),
    "send due reminders": ("sessions.tasks.send_due_reminders", 15),
    "forget dead ids": ("sessions.tasks.forget_dead_ids", 60),
    "purge logins": ("portal.identity.tasks.purge_logins", 3600),
    "seal journal": ("portal.journal.tasks.seal_journal", 60),
    "purge journal": ("portal.journal.tasks.purge_journal", 3600),
}
app.conf.beat_schedule = {
    name: {"task": task, "schedule": float(seconds), "options": {"expires": seconds, "queue": "timetable"}}
    for name, (task, seconds) in EVERY.items()
}
app.conf.task_default_queue = "work"
