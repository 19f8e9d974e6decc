"""Inside the process of `make benchmark BENCH=engine KNOBS=tick`: one round of reminders, 1,000 due, among more and more live ids."""

import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  the apps are there only now
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from portal.outbox.models import OutgoingMail  # noqa: E402
from sessions.models import Reminder  # noqa: E402
from sessions.tasks import send_due_reminders  # noqa: E402
from tests.benchmarks.engine import against, say  # noqa: E402
from tests.benchmarks.many_ids import ManyIds  # noqa: E402


def processor() -> float:
    """Seconds of processor so far, of this process and of its PostgreSQL backend: unlike elapsed time they do not grow on a busy
    machine. Linux only.
    """
    connection.ensure_connection()
    fields = (
        Path(f"/proc/{connection.connection.info.backend_pid}/stat")
        .read_text(encoding="utf-8")
        .rpartition(")")[2]
        .split()
    )
    return time.process_time() + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def a_round(due: int) -> tuple[float, float]:
    """Seconds, and seconds of processor."""
    letters, began, spent = OutgoingMail.objects.count(), time.perf_counter(), processor()
    send_due_reminders()
    took = time.perf_counter() - began, processor() - spent
    written = OutgoingMail.objects.count() - letters
    if written != due:
        why = Counter(Reminder.objects.exclude(skipped_because="").values_list("skipped_because", flat=True))
        raise SystemExit(f"{written} letters for {due} reminders: {dict(why)}")
    say(f"  {took[0]:.2f} s, of processor {took[1]:.2f} s")
    return took


def measure(sizes: list[int], times: int, due: int) -> None:
    call_command("migrate", verbosity=0)
    rows, found = ManyIds(timezone.now()), {}
    Reminder.objects.update(settled_at=timezone.now())
    for size in sizes:
        say(f"{size:,} live ids ...")
        rows.grow(size)
        runs = []
        for number in range(times + 1):  # the first one warms up
            rows.make_due(number, due)
            runs.append(a_round(due))
        found[size] = runs[1:]
    report(found, due)


def report(found: dict[int, list[tuple[float, float]]], due: int) -> None:
    print(
        f"\n### One round of reminders, {due:,} due (PostgreSQL)\n\n"
        "| live ids | seconds (median) | of each run | of processor (median) |\n|---:|---:|---|---:|"
    )
    median = {size: [statistics.median(column) for column in zip(*runs, strict=True)] for size, runs in found.items()}
    for size, runs in found.items():
        walls = ", ".join(f"{wall:.2f}" for wall, _ in runs)
        print(f"| {size:,} | {median[size][0]:.2f} | {walls} | {median[size][1]:.2f} |")
    print("\n| | measured | to reach | |\n|---|---:|---:|---|")
    few, many = min(median), max(median)
    for number, what in enumerate(("a round", "its processor")):
        ratio = median[many][number] / median[few][number]
        against(f"{what} among {many:,} / among {few:,}", ratio, 1.3, at_most=True)


if __name__ == "__main__":
    times, due, *sizes = map(int, sys.argv[1:])
    measure(sizes, times, due)
