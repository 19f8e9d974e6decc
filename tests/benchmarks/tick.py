"""Inside the process of `make benchmark BENCH=engine KNOBS=tick`: one round of reminders with 1,000 due, among more and more live ids."""

import os
import statistics
import sys
import time
from collections import Counter

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  the apps are there only now
from django.utils import timezone  # noqa: E402

from portal.outbox.models import OutgoingMail  # noqa: E402
from sessions.models import Reminder  # noqa: E402
from sessions.tasks import send_due_reminders  # noqa: E402
from tests.benchmarks.engine import against, say  # noqa: E402
from tests.benchmarks.many_ids import ManyIds  # noqa: E402

DUE = 1_000


def measure(sizes: list[int], times: int) -> None:
    call_command("migrate", verbosity=0)
    rows, found = ManyIds(timezone.now()), {}
    Reminder.objects.update(settled_at=timezone.now())
    for size in sizes:
        say(f"{size:,} live ids ...")
        rows.grow(size)
        seconds = []
        for number in range(times + 1):  # the first one warms up
            rows.make_due(number, DUE)
            letters, began = OutgoingMail.objects.count(), time.perf_counter()
            send_due_reminders()
            seconds.append(time.perf_counter() - began)
            say(f"  {seconds[-1]:.2f} s")
            written = OutgoingMail.objects.count() - letters
            if written != DUE:
                why = Counter(Reminder.objects.exclude(skipped_because="").values_list("skipped_because", flat=True))
                raise SystemExit(f"{written} letters for {DUE} reminders: {dict(why)}")
        found[size] = seconds[1:]
    print(
        "\n### One round of reminders, 1,000 due (PostgreSQL)\n\n| live ids | seconds (median) | of each run |\n|---:|---:|---|"
    )
    for size, seconds in found.items():
        print(f"| {size:,} | {statistics.median(seconds):.2f} | {', '.join(f'{each:.2f}' for each in seconds)} |")
    few, many = (statistics.median(found[size]) for size in (sizes[0], sizes[-1]))
    print("\n| | measured | to reach | |\n|---|---:|---:|---|")
    against(f"a round among {sizes[-1]:,} / among {sizes[0]:,}", many / few, 1.3, at_most=True)


if __name__ == "__main__":
    measure([int(size) for size in sys.argv[2:]], int(sys.argv[1]))
