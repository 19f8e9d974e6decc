"""Counters and histograms for /metrics. Values that the database holds are read from it instead (portal/watch/facts.py).

Every process counts for itself. With PROMETHEUS_MULTIPROC_DIR it counts in files of that folder, which /metrics adds up
(deploy/gunicorn.conf.py, docs/production.md). One observation costs two microseconds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)  # seconds
_SLOW = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)

GATE = Histogram("portal_gate_seconds", "Calls at the gate, by what it decided", ["decision"], buckets=_FAST)
A2F = Histogram("portal_a2f_seconds", "Calls of the A2F web service, by operation", ["operation"], buckets=_SLOW)
PAGES = Histogram("portal_page_seconds", "Pages, by name and class of status", ["page", "status"], buckets=_SLOW)
TASKS = Histogram("portal_task_seconds", "Tasks of the workers", ["task"], buckets=_SLOW)
SMTP = Histogram("portal_smtp_seconds", "SMTP conversations, by outcome", ["outcome"], buckets=_SLOW)
CLOCK = Gauge(
    "portal_clock_offset_seconds",
    "How far this machine's clock is ahead of the database's",
    multiprocess_mode="mostrecent",
)
ISSUED = Counter("portal_ids_issued", "Ids issued, by who asked", ["asked"])
USED = Counter("portal_ids_first_used", "Ids used for the first time")
EXPIRED = Counter("portal_ids_expired", "Ids whose hours were seen to be over")
LOGINS = Counter("portal_logins", "Attempts to log in, by door and how they ended", ["method", "outcome"])
REMINDERS = Counter("portal_reminders_settled", "Reminders, by outcome", ["outcome"])
REMINDERS_LATE = Counter("portal_reminders_late", "Reminders sent more than a minute after they were due")
REMINDER_DELAY = Histogram(
    "portal_reminder_delay_seconds", "From the instant a reminder was due to its letter", buckets=(5, 15, 30, 60, 300)
)

# The gate answers thousands of times a second: look up the label of each decision only once.
_gate = {
    name: GATE.labels(name).observe
    for name in (
        "passed", "warned", "basic-refused", "missing", "malformed", "unknown", "expired", "revoked", "other-utenza",
        "other-context", "failed",
    )
}  # fmt: skip


def gate(decision: str, started: float) -> None:
    """Observes one call of the gate that began at `started` (perf_counter seconds)."""
    _gate[decision](perf_counter() - started)


@contextmanager
def smtp() -> Iterator[list[str]]:
    """Times one conversation. The caller appends its outcome to the list; an empty list counts as `broken`."""
    outcome: list[str] = []
    started = perf_counter()
    try:
        yield outcome
    finally:
        SMTP.labels(outcome[0] if outcome else "broken").observe(perf_counter() - started)


def reminder(outcome: str, delay: float) -> None:
    """Counts one settled reminder: `sent`, or the reason for no letter. `delay`: seconds after it was due."""
    REMINDERS.labels(outcome).inc()
    if outcome == "sent":
        REMINDER_DELAY.observe(delay)
        if delay > 60:
            REMINDERS_LATE.inc()
