"""The content of /metrics: the counters of the processes (portal/measures.py), and gauges read from the database.

Every query reads a partial index and stops at MOST rows: a scrape costs milliseconds on ten million ids.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import Error
from django.db.models import Count, Min
from prometheus_client import REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from pharmacies.register.nightly.age import ages
from portal.outbox.alarms import alarms
from portal.outbox.models import OutgoingMail, UnreadReport
from portal.watch import readiness
from sessions.models import IdSessione, Reminder

MOST = 50_000  # rows counted; a gauge with this value means "or more"
OWN_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def exposition(now: datetime) -> bytes:
    """The text of /metrics, in Prometheus's format."""
    registry = CollectorRegistry()
    registry.register(_Counted())
    registry.register(_Known(now))
    return generate_latest(registry)


class _Counted(Collector):
    """The counters of this process or, with PROMETHEUS_MULTIPROC_DIR, of all processes whose folders are configured."""

    def collect(self) -> Iterable[Metric]:
        own = os.environ.get(OWN_FOLDER)
        if not own:
            return REGISTRY.collect()
        folders = [Path(own), *map(Path, settings.METRICS_FOLDERS)]
        files = sorted({str(file) for folder in folders for file in folder.glob("*.db")})
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


class _Known(Collector):
    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        try:
            yield from [
                *_outbox(self.now), *_refusals(self.now), *_reminders(self.now), *_ids(self.now), *_registers(self.now),
            ]  # fmt: skip
            up = 1
        except Error:
            up = 0
        yield GaugeMetricFamily("portal_database_up", "1 when the database answered", value=up)


def _outbox(now: datetime) -> Iterator[Metric]:
    depth = GaugeMetricFamily("portal_outbox_waiting", "Letters that wait to leave", labels=["kind"])
    age = GaugeMetricFamily("portal_outbox_oldest_seconds", "Age of the oldest that waits", labels=["kind"])
    some = OutgoingMail.objects.waiting().order_by("next_attempt_at").values("pk")[:MOST]
    rows = OutgoingMail.objects.filter(pk__in=some).values_list("kind").annotate(Count("pk"), Min("created_at"))
    found = {kind: (count, oldest) for kind, count, oldest in rows}
    for kind in OutgoingMail.Kind.values:
        count, oldest = found.get(kind, (0, now))
        depth.add_metric([kind], count)
        age.add_metric([kind], max((now - oldest).total_seconds(), 0))
    yield depth
    yield age
    yield _lateness("portal_outbox_due_seconds", "How late the letter is that is due longest", readiness.oldest_due_letter(now), now)  # fmt: skip
    unread = UnreadReport.objects.open()[:MOST].count()
    yield GaugeMetricFamily("portal_reports_unread", "Reports of mail servers that nobody has read yet", value=unread)
    complaints = UnreadReport.objects.filter(kind=UnreadReport.ReportKind.COMPLAINT, at__gt=now - timedelta(days=1))
    yield GaugeMetricFamily("portal_complaints_last_day", "Letters called spam in the last 24 hours", value=complaints[:MOST].count())  # fmt: skip


def _refusals(now: datetime) -> Iterator[Metric]:
    found = alarms(now)
    about_us, held = found.for_us, sum(mailboxes for _, mailboxes in found.held)
    yield GaugeMetricFamily("portal_mail_refused_for_us", "Letters of the last day that servers refuse because of us", value=about_us)  # fmt: skip
    yield GaugeMetricFamily("portal_mailboxes_held", "Mailboxes that look dead, too many at once: an operator decides", value=held)  # fmt: skip


def _reminders(now: datetime) -> Iterator[Metric]:
    due = Reminder.objects.due(now)[:MOST].count()
    yield GaugeMetricFamily("portal_reminders_due", "Reminders that are due and not settled", value=due)
    yield _lateness("portal_reminders_due_seconds", "How late the reminder is that is due longest", readiness.oldest_due_reminder(now), now)  # fmt: skip


def _ids(now: datetime) -> Iterator[Metric]:
    """Ids that are not revoked themselves; ignores a dead address, utenza or pharmacy, which would cost a join per id."""
    ids = IdSessione.objects.filter(revoked_at=None)
    unexpired = ids.filter(expires_at__gt=now)[:MOST].count()
    yield GaugeMetricFamily("portal_ids_unexpired", "Ids whose hours are not over", value=unexpired)
    gone = ids.filter(expires_at__lte=now, expires_at__gt=now - timedelta(hours=1))[:MOST].count()
    yield GaugeMetricFamily("portal_ids_expired_last_hour", "Ids whose hours ended in the last hour", value=gone)


def _registers(now: datetime) -> Iterator[Metric]:
    """Registers that were never imported whole have no sample."""
    age = GaugeMetricFamily(
        "portal_register_age_days", "Days since the day of the last whole file", labels=["register"]
    )
    for one in ages(now):
        if one.days is not None:
            age.add_metric([one.register.value], one.days)
    yield age


def _lateness(name: str, about: str, oldest: datetime | None, now: datetime) -> Metric:
    late = (now - oldest).total_seconds() if oldest is not None else 0
    return GaugeMetricFamily(name, f"{about}, seconds", value=late)
